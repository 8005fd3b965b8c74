"""Confirmations: leaders of a search are trained anew, to learn which of them is really the best.

The best of many noisy results is better than it will be when it is trained again, and the more so the more there were
to choose from. So a repetition begins from scratch with a seed of its own and goes to the full resource; what the
search has seen of a leader does not count. The repetition of a number has the same seed for all leaders, so that
they can be compared in pairs.

A repetition is a trial for whoever trains, saves and pays; for the search it is none: neither the scheduler nor the
searcher is told of it, it is not counted, and the incumbent of the search does not change by it.
"""

import math
from collections.abc import Iterable, Mapping

from rung.core import event as ev
from rung.core.budget import total
from rung.core.confirm import Confirm, Repetition, span
from rung.core.constraint import is_feasible
from rung.core.errors import ContradictionError
from rung.core.objective import Losses
from rung.core.record import Incumbent
from rung.core.resource import Resource

Results = Mapping[int, float]
"""Losses of a leader's finished repetitions by number; `inf` for those that failed, or broke a constraint."""


class Confirmations:
    """What is known of the repetitions of a study.

    Attributes:
        options: The reserve that was asked for; None: there is none.
        full: How far a trial of the search is trained at most, as its scheduler says; None: it does not say.
        round: The round that is going on.
        last: The last round that was begun.
        granted: Repetitions created in the last round.
        trials: How many trials of the study are repetitions.
        units, seconds, cost, spent: What they have taken, as in `Account`.
        best: The best leader of the last round by the mean of its repetitions; None: not known yet.
    """

    def __init__(self, options: Confirm | None = None, full: int | None = None) -> None:
        self.options = options
        self.full = full
        self.round: ev.ConfirmBegun | None = None
        self.last: ev.ConfirmBegun | None = None
        self.granted = 0
        self.trials = 0
        self.units = 0
        self.seconds = 0.0
        self.cost = 0.0
        self.spent: Mapping[str, float] = {}
        self.best: Incumbent | None = None
        self._before: Incumbent | None = None  # the incumbent of the search when the last round began
        self._made: dict[int, dict[int, int]] = {}  # leader: number of a repetition: its trial
        self._near: dict[int, dict[int, int]] = {}  # likewise its neighbours
        self._losses: dict[int, Losses | None] = {}  # of the trials that are over; None: it failed

    @property
    def is_asked(self) -> bool:
        """Whether the round that is going on was asked for by a person."""
        return self.round is not None and self.round.why.rule == "asked"

    # The fold

    def begin(self, event: ev.ConfirmBegun, incumbent: Incumbent | None) -> None:
        """A round begins; what is known of its leaders already counts."""
        self.round = self.last = event
        self.granted = 0
        self._before = incumbent
        self._judge()

    def end(self) -> None:
        """The round is over, or given up.

        Raises:
            ContradictionError: If there is none.
        """
        if self.round is None:
            raise ContradictionError("no confirmation is going on.")
        self.round = None

    def create(self, trial: int, repetition: Repetition, resource: Resource) -> int:
        """A trial was created that repeats another one; returns the resource at which its training begins.

        Raises:
            ContradictionError: If no round is going on, or there is this repetition already.
        """
        made = self._near if repetition.kind == "neighbour" else self._made
        numbers = made.setdefault(repetition.leader, {})
        if self.round is None or repetition.number in numbers:
            raise ContradictionError(f"trial {trial} cannot confirm trial {repetition.leader}.")
        numbers[repetition.number] = trial
        self.trials += 1
        self.granted += 1
        return span(resource, self.round.full, self.seed_number(repetition))[0]

    def train(self, units: int, seconds: float, cost: float, shares: Mapping[str, float]) -> None:
        """A repetition has reported."""
        self.units += units
        self.seconds += seconds
        self.cost += cost
        self.spent = total(self.spent, shares)

    def end_one(self, trial: int, losses: Losses | None) -> None:
        """A repetition is over; `losses` is None if it failed."""
        self._losses[trial] = losses
        self._judge()

    def seed_number(self, repetition: Repetition) -> int:
        """Which seed a repetition has; neighbours take those of the winner in turn."""
        if repetition.kind == "confirm" or self.last is None or not self.last.seeds:
            return repetition.number
        return (repetition.number - 1) % self.last.seeds + 1

    # What is known

    def has(self, leader: int, number: int) -> bool:
        """Whether a repetition was created."""
        return number in self._made.get(leader, ())

    def has_neighbour(self, leader: int, number: int) -> bool:
        """Whether a neighbour was created."""
        return number in self._near.get(leader, ())

    def made(self, leader: int) -> Mapping[int, int]:
        """The trials of a leader's repetitions, by number."""
        return self._made.get(leader, {})

    def near(self, leader: int) -> Mapping[int, int]:
        """The trials of its neighbours, by number."""
        return self._near.get(leader, {})

    def firsts(self) -> list[int]:
        """The trials of the first repetitions of all leaders, whose checkpoints are kept while they may be the best."""
        return [numbers[1] for numbers in self._made.values() if 1 in numbers]

    def results(self, leader: int) -> dict[int, float]:
        """What its repetitions that are over have come to, by number."""
        return self._results(self.made(leader))

    def near_results(self, leader: int) -> dict[int, float]:
        """Likewise of its neighbours."""
        return self._results(self.near(leader))

    def _results(self, made: Mapping[int, int]) -> dict[int, float]:
        over = (
            (number, self._losses[trial]) for number, trial in sorted(made.items()) if trial in self._losses
        )
        return {
            number: math.inf if losses is None or not is_feasible(losses[0]) else losses[0]
            for number, losses in over
        }

    def chosen(self, incumbent: Incumbent | None) -> Incumbent | None:
        """The best leader, as long as the search has found no other incumbent since its round began."""
        return self.best if self.best is not None and incumbent is self._before else None

    def _judge(self) -> None:
        """Who is the best of the last round, among those of which most is known."""
        begun = self.last
        if begun is None:
            return
        results = {leader: found for leader in begun.leaders if (found := self.results(leader))}
        if len(results) < len(begun.leaders):
            self.best = None  # who has not been trained anew may be the best
            return
        deep = sorted((len(found) for found in results.values()), reverse=True)[:2][-1]
        best = ranked((leader for leader, found in results.items() if len(found) >= deep), results)[0]
        mean = standing(results[best])[1]
        self.best = Incumbent(best, begun.full, (mean,)) if math.isfinite(mean) else None


def standing(results: Results) -> tuple[float, float]:
    """Sorts the better leader first: the share of its repetitions that failed, and the mean of the others."""
    finite = [loss for loss in results.values() if math.isfinite(loss)]
    failed = 1 - len(finite) / len(results) if results else 1.0
    return failed, sum(finite) / len(finite) if finite else math.inf


def ranked(leaders: Iterable[int], results: Mapping[int, Results]) -> list[int]:
    """Leaders by their repetitions so far, the best first; equals stay in their order."""
    return sorted(leaders, key=lambda leader: standing(results[leader]))
