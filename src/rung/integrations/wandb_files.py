"""Reading back what wandb has written into a run's folder: which steps are there already.

The file `run-ID.wandb` is a log as in LevelDB: blocks of 32 KB, each record in one or more parts with a header of
checksum, length and kind; each record is a protocol buffer. A record that was not written to its end is left out.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

BLOCK = 32_768
IDENT = b":W&B"
IDENT_SIZE = 7
HEADER = struct.Struct("<IHB")  # checksum, length, kind
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def last_step(folder: Path, run: str) -> int:
    """The highest step of a run in wandb's folder, over all the folders in which it went on; 0 if there is none."""
    files = folder.glob(f"*run-*-{run}*/run-{run}.wandb")
    return max((step for file in files for step in _steps(file)), default=0)


def records(file: Path) -> Iterator[bytes]:
    """The records of a file, as far as it was written."""
    data = file.read_bytes()
    if data[: len(IDENT)] != IDENT:
        return
    at, parts = IDENT_SIZE, b""
    while at + HEADER.size <= len(data):
        if BLOCK - at % BLOCK < HEADER.size:  # no room for a header: the block ends in zeros
            at += BLOCK - at % BLOCK
            continue
        _, length, kind = HEADER.unpack_from(data, at)
        at += HEADER.size
        if kind not in (FULL, FIRST, MIDDLE, LAST) or at + length > len(data):
            return
        part = data[at : at + length]
        at += length
        parts = part if kind in (FULL, FIRST) else parts + part
        if kind in (FULL, LAST):
            yield parts


def _steps(file: Path) -> Iterator[int]:
    from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined, unused-ignore]  # made at run time

    for data in records(file):
        record = Record.FromString(data)
        if record.HasField("history"):
            yield record.history.step.num
