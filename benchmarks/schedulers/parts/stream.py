"""The stream of results that all systems are shown, in the standard library alone: peers run in Pythons of their own.

A trial is a number `x` in [0, 1), its final quality; its curve falls towards that, with a wiggle in place of noise.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable

MAX_RESOURCE = 27
ETA = 3
LEVELS = (1, 3, 9, 27)

Lives = list[list[float]]
"""For each trial its losses, from step 1 to the last one that it was trained to."""


def loss(x: float, step: int) -> float:
    """The loss of a trial after some steps, lower is better; no two trials are equal."""
    wiggle = (x * 7919 + step * 0.618) * 104_729 % 1 - 0.5
    return x + 0.5 / step**0.5 + 0.2 * wiggle / step


def halving_lives(xs: Iterable[float]) -> Lives:
    """How far trials come under a halving rule that judges each when it arrives, one trial after the other."""
    rungs: dict[int, list[float]] = {level: [] for level in LEVELS[:-1]}

    def goes_on(losses: list[float]) -> bool:
        rung = rungs.get(len(losses))
        if rung is None:
            return True
        insort(rung, losses[-1])
        return bisect_left(rung, losses[-1]) < max(1, len(rung) // ETA)

    return [_life(x, goes_on) for x in xs]


def median_lives(xs: Iterable[float]) -> Lives:
    """How far trials come if those worse than the median of the complete ones are stopped, one after the other."""
    complete: defaultdict[int, list[float]] = defaultdict(list)

    def goes_on(losses: list[float]) -> bool:
        others = complete[len(losses)]
        return len(others) < 5 or bisect_right(others, min(losses)) <= len(others) // 2

    lives = []
    for x in xs:
        lives.append(_life(x, goes_on))
        if len(lives[-1]) == MAX_RESOURCE:
            for step in range(1, MAX_RESOURCE + 1):
                insort(complete[step], sum(lives[-1][:step]) / step)
    return lives


def _life(x: float, goes_on: Callable[[list[float]], bool]) -> list[float]:
    losses = [loss(x, 1)]
    while len(losses) < MAX_RESOURCE and goes_on(losses):
        losses.append(loss(x, len(losses) + 1))
    return losses
