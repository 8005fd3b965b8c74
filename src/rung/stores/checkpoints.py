"""Checkpoints: where they are kept, and the protocol of what keeps them.

A checkpoint is a folder named `trial/resource.job`, complete or not there at all, with a manifest of its files. What
is kept, and for how long, is the driver's business (`rung.core.custody`, `rung.core.eviction`).
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from rung.core.errors import SpecError, StoreError

FULL_BYTES = 1 << 16  # a disk with less room is full: a write that failed has taken what there was

Save = Callable[[Path], object]
"""Writes a training's state into the folder that it is given; what it returns is ignored."""


class _Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    url: str | None = None


class Checkpoints(_Place, frozen=True, kw_only=True, tag="checkpoints", tag_field="type"):
    """Where checkpoints are kept, how often running trials write them, and how much room they may take.

    Attributes:
        url: A folder, or a URL such as `s3://bucket/prefix` of any file system that fsspec knows; None: beside
            the store. Credentials come from the environment, as that file system documents it.
        every_s: Seconds of training after which a running trial saves itself, so that a crash loses no more;
            stretched so that saving costs at most 2 % of the time.
        quota_bytes: What all checkpoints of the study may take together; those least likely to be missed go first.
            It is checked after each save, so there must be room for one more per worker. None: no limit.
    """

    every_s: float = 60.0
    quota_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.url is not None and (not isinstance(self.url, str) or not self.url):
            raise SpecError(f"url is a folder or a URL as a string, got {self.url!r}.")
        if not _is_number(self.every_s) or not self.every_s >= 0:
            raise SpecError(f"every_s is a number of seconds of at least 0, got {self.every_s!r}.")
        quota = self.quota_bytes
        if quota is not None and not (_is_number(quota) and isinstance(quota, int) and quota > 0):
            raise SpecError(f"quota_bytes is a whole number of at least 1, got {self.quota_bytes!r}.")

    @property
    def is_remote(self) -> bool:
        """Whether they are kept elsewhere than in a local folder."""
        return self.url is not None and "://" in self.url and not self.url.startswith("file://")

    def __repr__(self) -> str:
        url = None if self.url is None else redacted(self.url)
        return f"Checkpoints(url={url!r}, every_s={self.every_s!r}, quota_bytes={self.quota_bytes!r})"


class CheckpointStore(Protocol):
    """The checkpoints of one study; pickled to workers, so an object of it holds no connection."""

    def write(self, name: str, save: Save) -> int:
        """Let `save` fill a folder and make it the checkpoint `name`.

        Returns:
            Its size in bytes.

        Raises:
            StoreError: If it cannot be written. What `save` raises goes through; either way nobody ever sees
                half of it.
        """
        ...

    def fetch(self, name: str) -> Path:
        """A local folder with the checkpoint, each file found as it was written; the caller's until `done`.

        Raises:
            CheckpointGoneError: If it is not there.
            CheckpointDamagedError: If a file of it is missing or not what was written.
            StoreError: If that cannot be told now.
        """
        ...

    def done(self, folder: Path) -> None:
        """A folder of `fetch` is not needed any more."""
        ...

    def drop(self, name: str) -> None:
        """Delete a checkpoint; one that is not there is gone already."""
        ...

    def names(self) -> list[str]:
        """The complete checkpoints, by trial, resource and job."""
        ...

    def sweep(self) -> None:
        """Delete what was left half-written or half-deleted. Only while no worker of the study is alive."""
        ...


def fill(draft: Path, save: Save, name: str) -> None:
    """Let `save` write into a local folder.

    Raises:
        StoreError: If it failed and the disk is full, whatever the training's library makes of that.
    """
    try:
        save(draft)
    except Exception as error:
        if shutil.disk_usage(draft.parent).free >= FULL_BYTES:
            raise
        raise StoreError(
            f"checkpoint {name} could not be written, as the disk of {draft.parent} is full: "
            f"{type(error).__name__}: {error}. Free some space there."
        ) from error


def in_order(names: list[str]) -> list[str]:
    """Names of checkpoints by trial, resource and job; foreign names after them."""
    return sorted(names, key=_order)


def redacted(text: str) -> str:
    """A text without what is secret in the URLs in it: user, password, query."""
    without_user = re.sub(r"://[^/\s@]*@", "://***@", text)
    return re.sub(r"(://[^\s?'\"]*)\?[^\s'\"]+", r"\1?***", without_user)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _order(name: str) -> tuple[tuple[int, int | str], ...]:
    return tuple(
        (0, int(part)) if part.isdecimal() else (1, part) for part in name.replace("/", ".").split(".")
    )
