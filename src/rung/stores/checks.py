"""What all stores share: a study as they list it, and what they refuse, in the same words."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from rung.core.errors import ContradictionError, StoreError, StudyNotFoundError
from rung.core.event import Entry


@dataclass(frozen=True, slots=True)
class Note:
    """What a store knows of a study without its log.

    Attributes:
        name: The study.
        last: Number of its last durable entry.
        seq: The entry after which `text` was noted; 0: nothing was. What is not `last` is out of date.
        text: As it was given to `Log.note`.
        is_held: Whether a live driver holds its lease.
    """

    name: str
    last: int
    seq: int
    text: str
    is_held: bool


def check_order(last: int, entries: Sequence[Entry]) -> None:
    """Raise unless the entries continue a log whose last number is `last`."""
    for expected, entry in enumerate(entries, last + 1):
        if entry.seq != expected:
            raise ContradictionError(
                f"entries of a log are numbered without a gap, expected {expected}, got {entry.seq}. "
                f"Continue after {last}."
            )


def not_found(name: str, names: Sequence[str], url: str) -> StudyNotFoundError:
    """There is no study of that name."""
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        help_ = f"Did you mean {' or '.join(map(repr, near))}?"
    elif names:
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        help_ = f"It holds {', '.join(map(repr, names[:10]))}{more}."
    else:
        help_ = "It holds none yet."
    return StudyNotFoundError(f"no study named {name!r} in {url}. {help_}")


def name_taken(name: str, url: str) -> StoreError:
    """There is a study of that name already."""
    return StoreError(
        f"a study named {name!r} exists already in {url}. Go on with that one or choose another name."
    )


def no_lease(study: str) -> StoreError:
    """The caller forgot to acquire."""
    return StoreError(
        f"cannot append to {study} without its lease. Call acquire() first, and release() only at the end."
    )
