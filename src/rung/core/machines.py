"""Machines: on which of them a unit of training takes less than on others, as the trials that began there have shown.

What it takes is counted in what is scarce: in money or energy where the budget limits that or the scheduler counts in
it, else in seconds. New trials go to whoever is free, so those that began on one machine are a sample like those that
began on another, whatever their configurations cost, and medians compare. What trials take that went on does not: those
that are promoted may be the slow ones, and they do not stand everywhere.
"""

import math
from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

from rung.core.decision import Slot, required_metrics
from rung.core.eviction import seconds_per_unit
from rung.core.state import State
from rung.core.tariff import ENERGY, MONEY

ENOUGH = 5  # trials, to say anything of a machine
LAST = 50  # trials that are remembered of each
ALIKE = math.log(1.25)  # machines that differ by less are taken for equally good
CERTAIN = 2.0  # standard errors
SETTLING_S = 10.0  # for loading data and building a model on another worker, which nobody measures

Place = tuple[str, str]
"""A machine, and a kind of worker on it."""


class Price(NamedTuple):
    """What a unit of training takes: the logarithm of the median over trials, and the standard error of that."""

    log: float
    error: float

    def exceeds(self, other: "Price") -> bool:
        """Whether it is higher than another one, for all that can be told."""
        return self.log - other.log > max(ALIKE, CERTAIN * math.hypot(self.error, other.error))


class Machines:
    """The workers of a run by where they stand, and what training takes there."""

    def __init__(self) -> None:
        self._places: dict[int, Place] = {}
        self._new: set[int] = set()  # workers whose job is the first one of its trial
        self._seen: dict[Place, deque[float]] = {}
        self._prices: dict[Place, Price | None] = {}
        self._differ = False  # whether some machine is known to be better than some other one

    def join(self, slot: Slot) -> None:
        """A worker is there."""
        place = slot.node, slot.kind
        self._places[slot.worker] = place
        self._seen.setdefault(place, deque(maxlen=LAST))
        self._prices.setdefault(place, None)

    def leave(self, worker: int) -> None:
        """A worker is gone."""
        self._places.pop(worker, None)
        self._new.discard(worker)

    def begin(self, worker: int) -> None:
        """A worker begins with a new trial."""
        self._new.add(worker)

    def end(self, worker: int, taken: float, units: int) -> None:
        """The job of a worker has ended, whose training has taken so much for so many units."""
        if worker not in self._new:
            return
        self._new.discard(worker)
        if taken > 0 and units > 0:
            place = self._places[worker]
            self._seen[place].append(math.log(taken / units))
            self._prices[place] = _price(self._seen[place])
            self._differ = _differ(self._prices.values())

    def best(self, workers: Iterable[int]) -> dict[int, None] | None:
        """Those of some workers than which none of them is known to be better; None: that is all of them.

        O(n), but O(1) while no machine differs from another one.
        """
        if not self._differ:
            return None
        prices = {worker: self._prices[self._places[worker]] for worker in workers}
        if not _differ(prices.values()):
            return None
        lowest = min(price for price in prices.values() if price is not None)
        return {
            worker: None for worker, price in prices.items() if price is None or not price.exceeds(lowest)
        }

    def gain(self, here: int, there: Iterable[int]) -> float:
        """What share of what training takes with one worker is saved with the best of others."""
        own = self._prices[self._places[here]]
        others = [price for worker in there if (price := self._prices[self._places[worker]]) is not None]
        return max(0.0, 1 - math.exp(min(others).log - own.log)) if others and own is not None else 0.0


def taken(state: State, trial: int) -> float:
    """What the training of a trial has taken, in what is scarce."""
    record = state.trials[trial]
    counted = {*state.account.budget.costs, *required_metrics(state.scheduler)}
    scarce = next((name for name in (MONEY, ENERGY) if name in counted), None)
    return record.seconds if scarce is None else record.spent.get(scarce, 0.0)


def worth_moving(state: State, trial: int, target: int, gain: float) -> bool:
    """Whether a trial is better saved and restored elsewhere than trained on where it is held.

    Args:
        state: The study.
        trial: Who.
        target: How far it shall go.
        gain: What share of what that takes is saved there.
    """
    custody = state.custody
    if not custody.saves:  # maybe this training cannot be saved
        return False
    here_s = (target - state.trials[trial].position) * seconds_per_unit(state, trial)
    return gain * here_s > 2 * custody.saving_s / custody.saves + SETTLING_S


def _differ(prices: Iterable[Price | None]) -> bool:
    known = [price for price in prices if price is not None]
    lowest = min(known, default=None)
    return lowest is not None and any(price.exceeds(lowest) for price in known)


def _price(seen: deque[float]) -> Price | None:
    if len(seen) < ENOUGH:
        return None
    center = median(seen)
    spread = 1.4826 * median([abs(each - center) for each in seen])  # the standard deviation of normal ones
    return Price(center, 1.2533 * spread / math.sqrt(len(seen)))  # and the standard error of their median
