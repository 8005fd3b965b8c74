"""The portable file of a study: gzip of JSON lines, readable with `zcat study.rung.gz | head`.

The first line is the `Header`; then comes each entry of the log as `{"seq", "time", "event"}`; then, if they were taken
along, the checkpoints as `Piece` lines; the last line is the `End` with a checksum of all lines before it. Everything
is written and read line by line, so the size of a study does not matter.
"""

import msgspec

FORMAT = 1
"""Version of the format; a file with a higher one is refused."""

PIECE_BYTES = 1 << 20
"""How much of a checkpoint's file stands in one line."""


class Header(msgspec.Struct, frozen=True, tag="header", tag_field="line"):
    """What the file holds.

    Attributes:
        format: Version of the format.
        study: Name of the study.
        events: Number of its entries.
        versions: What wrote the file.
        checkpoints: Whether checkpoints follow the entries.
    """

    format: int
    study: str
    events: int
    versions: dict[str, str]
    checkpoints: bool = False


class Piece(msgspec.Struct, frozen=True, tag="piece", tag_field="line"):
    """Some bytes of a file in a checkpoint; the pieces of a file, and of a checkpoint, follow each other.

    Attributes:
        checkpoint: The checkpoint's name.
        path: The file in it, with `/`; one that ends in `/` is a folder.
        data: The bytes.
    """

    checkpoint: str
    path: str
    data: bytes = b""


class End(msgspec.Struct, frozen=True, tag="end", tag_field="line"):
    """The last line.

    Attributes:
        sha256: Checksum of all lines before this one.
    """

    sha256: str
