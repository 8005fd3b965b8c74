"""Checkpoints on any file system that fsspec knows: S3, GCS, Azure, SFTP and more.

A rename is no single step there, so a checkpoint's files are uploaded below a name that was never used before, and its
manifest, which says where they lie, last and in one request. Until then, nobody sees anything. What an upload that was
cut off has left is deleted at the beginning of the next run.
"""

import logging
import os
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from rung.core.errors import (
    CheckpointDamagedError,
    CheckpointGoneError,
    MissingDependencyError,
    SpecError,
    StoreError,
)
from rung.stores import manifest as manifests
from rung.stores.checkpoints import Save, fill, in_order, redacted
from rung.stores.manifest import Manifest

_log = logging.getLogger("rung")

_EXTRAS = {"s3": "rung[s3]", "s3a": "rung[s3]", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


class CheckpointBucket:
    """The checkpoints of one study, below one URL; a `CheckpointStore`.

    Below the URL, `TRIAL/RESOURCE.JOB/.rung-manifest` is the manifest, and its files lie in a folder beside it.

    Args:
        url: Of a folder that is this study's alone.
        staging: Local folder for what is on its way.

    Raises:
        MissingDependencyError: If fsspec, or the library that it needs for this kind of URL, is not installed.
        SpecError: If fsspec does not know this kind of URL.
    """

    def __init__(self, url: str, staging: Path) -> None:
        self._url = url.rstrip("/")
        self._staging = staging.absolute()
        _check(self._url)

    def __reduce__(self) -> tuple[type["CheckpointBucket"], tuple[str, Path]]:
        return CheckpointBucket, (self._url, self._staging)

    def __repr__(self) -> str:
        return f"<CheckpointBucket {redacted(self._url)}>"

    def write(self, name: str, save: Save) -> int:
        """Let `save` fill a local folder, upload that, and then its manifest."""
        draft = self._local()
        try:
            fill(draft, save, name)
            with self._asking(f"checkpoint {name} could not be written"):
                return self._upload(name, draft)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def fetch(self, name: str) -> Path:
        """A copy of the checkpoint in a local folder, checked."""
        folder = self._local()
        try:
            with self._asking(f"checkpoint {name} could not be read"):
                self._download(name, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder

    def done(self, folder: Path) -> None:
        """Delete the copy."""
        shutil.rmtree(folder, ignore_errors=True)

    def drop(self, name: str) -> None:
        """Delete a checkpoint in the background; what could not be deleted is at the next run."""
        self._deletions.submit(self._delete, name)

    def settle(self) -> None:
        """Wait until what was dropped is deleted."""
        self._deletions.shutdown()
        del self._deletions

    def names(self) -> list[str]:
        """The complete checkpoints, by trial, resource and job."""
        return in_order([name for name, inside in self._listed().items() if manifests.NAME in inside])

    def sweep(self) -> None:
        """Delete what uploads that were cut off have left, and local copies of processes that died."""
        for name, inside in self._listed().items():
            manifest = self._manifest(name) if manifests.NAME in inside else None
            used = None if manifest is None else manifest.data
            for data in inside - {manifests.NAME, used}:
                with self._asking(f"leftovers of checkpoint {name} could not be deleted"):
                    self._remove(f"{self._root}/{name}/{data}")
        for copy in self._staging.glob("*-*"):
            if not copy.name.startswith(f"{os.getpid()}-"):
                shutil.rmtree(copy, ignore_errors=True)

    # Files there

    @cached_property
    def _deletions(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=4, thread_name_prefix="rung-checkpoints")

    @property
    def _fs(self) -> Any:  # fsspec has no types
        from fsspec.core import url_to_fs

        return url_to_fs(self._url)[0]  # fsspec keeps one for each process and thread

    @property
    def _root(self) -> str:
        from fsspec.core import url_to_fs

        return str(url_to_fs(self._url)[1])

    def _upload(self, name: str, draft: Path) -> int:
        manifest = manifests.describe(draft, data=uuid.uuid4().hex)
        place = f"{self._root}/{name}"
        if manifest.files:
            self._fs.put(
                [str(draft / file) for file in manifest.files],
                [f"{place}/{manifest.data}/{file}" for file in manifest.files],
            )
        self._fs.makedirs(place, exist_ok=True)
        self._fs.pipe_file(f"{place}/{manifests.NAME}", manifests.encode(manifest))
        return manifest.size_bytes

    def _download(self, name: str, folder: Path) -> None:
        self._fs.invalidate_cache()
        manifest = self._manifest(name)
        if manifest is None:
            raise CheckpointGoneError(
                f"checkpoint {name} is gone: it is not complete at {redacted(self._url)}."
            )
        for empty in manifest.folders:
            (folder / empty).mkdir(parents=True)
        found: str | None
        try:
            if manifest.files:
                self._fs.get(
                    [f"{self._root}/{name}/{manifest.data}/{file}" for file in manifest.files],
                    [str(folder / file) for file in manifest.files],
                )
            found = manifests.damage(folder, manifest)
        except FileNotFoundError:
            found = "a file is missing"
        if found:
            raise CheckpointDamagedError(f"checkpoint {name} is damaged: at {redacted(self._url)}, {found}.")

    def _manifest(self, name: str) -> Manifest | None:
        try:
            return manifests.decode(self._fs.cat_file(f"{self._root}/{name}/{manifests.NAME}"))
        except FileNotFoundError:
            return None

    def _listed(self) -> dict[str, set[str]]:
        """By name of a checkpoint: the manifest and the folders with data that are there."""
        with self._asking("checkpoints could not be listed"):
            self._fs.invalidate_cache()
            found = self._fs.find(self._root)
        listed: dict[str, set[str]] = {}
        for path in found:
            trial, _, rest = path.removeprefix(f"{self._root}/").partition("/")
            entry, _, inside = rest.partition("/")
            listed.setdefault(f"{trial}/{entry}", set()).add(inside.partition("/")[0])
        return listed

    def _delete(self, name: str) -> None:
        try:
            with self._asking(f"checkpoint {name} could not be deleted"):
                self._remove(f"{self._root}/{name}/{manifests.NAME}")  # from here on it does not exist
                self._remove(f"{self._root}/{name}")
        except StoreError as error:
            _log.warning("%s The next run tries again.", error)

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm(path, recursive=True)

    # Here

    def _local(self) -> Path:
        folder = self._staging / f"{os.getpid()}-{uuid.uuid4().hex}"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise StoreError(f"no folder can be made in {self._staging}: {error}.") from error
        return folder

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  each file system has errors of its own
            self._raise(what, error)

    def _raise(self, what: str, error: Exception) -> NoReturn:
        words = redacted(f"{type(error).__name__}: {error}")
        cause = StoreError(f"{what} at {redacted(self._url)}: {words}")
        raise cause from None  # the traceback of the cause could show the URL


def _check(url: str) -> None:
    """Whether the libraries are there; nothing is asked over the network."""
    protocol = url.partition("://")[0].partition("::")[0]
    try:
        import fsspec
    except ImportError as error:
        raise MissingDependencyError(
            f"checkpoints at {redacted(url)} need fsspec. Install it: pip install '{_extra(protocol)}'"
        ) from error
    try:
        fsspec.get_filesystem_class(protocol)
    except ValueError:
        known = ", ".join(name for name in ("s3", "gs", "az", "sftp", "hdfs") if name != protocol)
        raise SpecError(
            f"fsspec knows no file system {protocol}://, got {redacted(url)}. Use a folder, or a URL such as {known}."
        ) from None
    except ImportError as error:
        raise MissingDependencyError(
            f"checkpoints at {redacted(url)} need a library: {error}. Install it: pip install '{_extra(protocol)}'"
        ) from error


def _extra(protocol: str) -> str:
    package = _EXTRAS.get(protocol, "rung[remote]")
    return package if package.startswith("rung") else f"rung[remote]' '{package}"
