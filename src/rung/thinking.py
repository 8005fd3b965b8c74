"""Thinking: suggestions that take long are worked out on a thread of their own, while the driver goes on.

The searcher sees what was known when it was asked. What it suggests serves the trial that it was asked for; if by then
another one is wanted, it is dropped, and the searcher asked anew. `Created.seen` says what a suggestion knew of.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from rung.core.state import State
from rung.core.suggestion import Request, Searcher, Suggestion


@dataclass(frozen=True, slots=True)
class Thought:
    """An answer of a searcher.

    Attributes:
        suggestions: What it suggests.
        seen: Sequence number of the last event that it knew of.
    """

    suggestions: Sequence[Suggestion]
    seen: int


class Thinks(Protocol):
    """Asks a searcher."""

    def ask(self, searcher: Searcher, request: Request, state: State) -> Thought | None:
        """The answer; None if it is not known yet."""
        ...


class Thinking:
    """Asks a searcher on a thread of its own, one question after the other.

    Args:
        wake: Called on that thread when an answer is there.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rung-searcher")
        self._asked: tuple[int, ...] = ()
        self._answer: Future[Thought] | None = None

    def ask(self, searcher: Searcher, request: Request, state: State) -> Thought | None:
        """The answer; None if it is not known yet. Whatever the searcher raised is raised here."""
        question = (request.trial, request.index, request.count, request.target, request.bracket)
        if self._answer is not None:
            if not self._answer.done():
                return None
            if question == self._asked:
                return self._answer.result()
        history, seen = state.history.view().settled(), state.seq
        self._asked = question
        self._answer = self._thread.submit(lambda: Thought(searcher.suggest(history, request), seen))
        self._answer.add_done_callback(lambda answer: self._wake())
        return None

    def close(self) -> None:
        """Ask no more; what is being worked out is dropped."""
        self._thread.shutdown(wait=False, cancel_futures=True)
