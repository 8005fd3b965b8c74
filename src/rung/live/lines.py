"""Plain lines, where nothing can change in place: in a log file, in a pipe, in continuous integration."""

import time
from collections.abc import Callable
from typing import TextIO

from rung.core import event as ev
from rung.core.record import Incumbent
from rung.live.scene import Failed, Scene
from rung.watching import RunBegun, RunEnded, StudyView
from rung.words import counts, duration, number, units

REPORT_S = 10.0


class Lines:
    """A watcher that prints a line whenever the best gets better, for each new kind of failure, and every ten seconds.

    Args:
        out: Where to.
        clock: Seconds, for the ten seconds and for what stands at the left.
    """

    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock

    def begin(self, run: RunBegun) -> None:
        """Nothing to say yet."""
        self._scene = Scene(run)
        self._began = self._told = self._clock()
        self._best: tuple[Incumbent | None, int] = self._standing()
        self._failures: set[tuple[str, str]] = set()

    def __call__(self, event: ev.AnyEvent, view: StudyView) -> None:
        """Print a line if there is something to say."""
        scene = self._scene
        scene.apply(event, view)
        if isinstance(event, ev.Ended) and event.failure is not None:
            self._tell_failure(scene.failures[-1])
        if self._standing() != self._best or self._clock() - self._told >= REPORT_S:
            self._best, self._told = self._standing(), self._clock()
            self._print(", ".join(parts(scene)))

    def end(self, run: RunEnded) -> None:
        """Nothing more to say."""

    def _standing(self) -> tuple[Incumbent | None, int]:
        """What is better when it changes; of a front, its size."""
        several = len(self._scene.objectives) > 1
        return None if several else self._scene.incumbent, len(self._scene.front.losses)

    def _tell_failure(self, failed: Failed) -> None:
        kind = (failed.type, failed.message)
        if kind in self._failures:
            return
        self._failures.add(kind)
        again = " (granted again)" if failed.again else ""
        self._print(f"trial {failed.trial} failed: {failed.type}: {failed.message}{again}")

    def _print(self, words: str) -> None:
        print(f"{duration(self._clock() - self._began):>9}  {words}", file=self._out, flush=True)


def parts(scene: Scene) -> list[str]:
    """What a line says, the most important first."""
    found = [_spent(scene), _best(scene), counts(scene.counts)]
    left = min((part.left_s for part in scene.parts(0.0) if part.left_s is not None), default=0.0)
    if left:
        found.append(f"{duration(left)} left")
    return [part for part in found if part]


def _spent(scene: Scene) -> str:
    account, budget = scene.account, scene.account.budget
    trials = str(account.trials) if budget.trials is None else f"{account.trials}/{budget.trials}"
    if budget.resource is None:
        return f"{trials} trials"
    return f"{trials} trials, {account.resource}/{units(budget.resource, scene.unit)}"


def _best(scene: Scene) -> str:
    front, best = scene.front, scene.incumbent
    if len(scene.objectives) > 1:
        return f"front of {units(len(front.losses), 'trial')}" if front.losses else ""
    if best is None:
        return ""
    at = units(best.resource, scene.unit)
    return f"best {number(scene.incumbent_value)} (#{best.trial} at {at})"
