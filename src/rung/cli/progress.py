"""What is seen while a study runs: one line that changes on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable
from typing import TextIO

from rung.core.event import AnyEvent
from rung.watching import StudyView
from rung.words import counts, duration, number, units

REDRAW_S = 0.2
REPORT_S = 10.0

Clock = Callable[[], float]


class StatusLine:
    """One line at the bottom of a terminal."""

    def __init__(self, out: TextIO, width: Callable[[], int], clock: Clock = time.monotonic) -> None:
        self._out = out
        self._width = width
        self._clock = clock
        self._began = clock()
        self._drawn = -REDRAW_S

    def __call__(self, event: AnyEvent, view: StudyView) -> None:
        """Draw it, unless it was drawn just now."""
        now = self._clock()
        if now - self._drawn >= REDRAW_S:
            self._drawn = now
            line = fitting(parts(view, now - self._began), self._width() - 1)
            print(f"\r{line}\x1b[K", end="", file=self._out, flush=True)

    def clear(self) -> None:
        """Leave an empty line."""
        print("\r\x1b[K", end="", file=self._out, flush=True)


class Lines:
    """A line whenever the best gets better, and every ten seconds."""

    def __init__(self, out: TextIO, clock: Clock = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._began = self._told = clock()
        self._incumbent: object = None

    def __call__(self, event: AnyEvent, view: StudyView) -> None:
        """Print a line if there is something to say."""
        now = self._clock()
        if view.incumbent == self._incumbent and now - self._told < REPORT_S:
            return
        self._incumbent, self._told = view.incumbent, now
        elapsed = now - self._began
        print(f"{duration(elapsed):>8}  {', '.join(parts(view, elapsed))}", file=self._out, flush=True)

    def clear(self) -> None:
        """Nothing to clear."""


def parts(view: StudyView, elapsed: float) -> list[str]:
    """What a line says, the most important first."""
    found = [_spent(view), _best(view), counts(view.counts)]
    seconds = view.account.budget.seconds
    if seconds is not None:
        found.append(f"{duration(max(1, seconds - elapsed))} left")
    return [part for part in found if part]


def _spent(view: StudyView) -> str:
    account, budget = view.account, view.account.budget
    trials = str(account.trials) if budget.trials is None else f"{account.trials}/{budget.trials}"
    if budget.resource is None:
        return f"{trials} trials"
    return f"{trials} trials, {account.resource}/{units(budget.resource, view.unit)}"


def _best(view: StudyView) -> str:
    if view.incumbent is None:
        return ""
    goal = view.objectives[0]
    value = number(goal.value(view.incumbent.losses[0]))
    return f"best {value} (#{view.incumbent.trial} at {units(view.incumbent.resource, view.unit)})"


def fitting(found: list[str], width: int) -> str:
    """As many parts as fit into a line, from the first."""
    line = ""
    for part in found:
        longer = f"{line} · {part}" if line else part
        if len(longer) > width:
            break
        line = longer
    return line
