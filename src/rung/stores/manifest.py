"""Manifests: what a checkpoint consists of, so that it can be told from a damaged one.

It is written last: a checkpoint without a manifest does not exist.
"""

import errno
import hashlib
import os
from pathlib import Path

import msgspec

NAME = ".rung-manifest"
"""The file of the manifest."""


class FileMark(msgspec.Struct, frozen=True, array_like=True):
    """What a file must be.

    Attributes:
        size_bytes: Its size.
        digest: Its BLAKE2b hash of 16 bytes, in hexadecimal digits.
    """

    size_bytes: int
    digest: str


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The files of a checkpoint.

    Attributes:
        files: What each file must be, by its path in the folder, parts joined by `/`.
        folders: The folders that hold nothing.
        data: Where the files lie, if not beside the manifest.
    """

    files: dict[str, FileMark]
    folders: list[str]
    data: str = ""

    @property
    def size_bytes(self) -> int:
        """The size of all files together."""
        return sum(mark.size_bytes for mark in self.files.values())


def describe(folder: Path, data: str = "") -> Manifest:
    """The manifest of what lies in a folder; links to files count as files."""
    files: dict[str, FileMark] = {}
    folders: list[str] = []
    for where, below, names in os.walk(folder):
        inside = Path(where).relative_to(folder)
        if not below and not names and where != str(folder):
            folders.append(inside.as_posix())
        for name in names:
            path = (inside / name).as_posix()
            if path != NAME and Path(where, name).is_file():
                files[path] = _mark(Path(where, name))
    return Manifest(dict(sorted(files.items())), sorted(folders), data)


def encode(manifest: Manifest) -> bytes:
    """The manifest as it is stored."""
    return msgspec.json.encode(manifest)


def decode(stored: bytes) -> Manifest | None:
    """The manifest that was stored; None if it is damaged or only half there."""
    try:
        return msgspec.json.decode(stored, type=Manifest)
    except msgspec.DecodeError:
        return None


def damage(folder: Path, manifest: Manifest) -> str | None:
    """What is wrong with the files in a folder, in words; None if they are what was written.

    Raises:
        OSError: If a file cannot be read, for another reason than a bad disk.
    """
    for name, expected in manifest.files.items():
        try:
            size = (folder / name).stat().st_size
            found = _mark(folder / name) if size == expected.size_bytes else None
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return f"{name} is missing"
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return f"{name} cannot be read: {error.strerror}"
        if found is None:
            return f"{name} has {size} bytes instead of {expected.size_bytes}"
        if found != expected:
            return f"{name} is not what was written: its checksum differs"
    return None


def _mark(path: Path) -> FileMark:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
        return FileMark(file.tell(), digest.hexdigest())
