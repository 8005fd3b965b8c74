"""Eviction: which checkpoints go when all of a study take more room than they may.

What a checkpoint is worth is what its absence is expected to cost: the chance that its trial is resumed from it, times
the seconds of training that would have to be repeated. Whose checkpoint went begins, if promoted, at an earlier one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rung.core.event import Saved
from rung.core.record import TrialRecord
from rung.core.state import State

DAMAGED = 0.01  # guessed chance that a last checkpoint is found damaged, so that the one before it is needed
LOST = 0.05  # guessed chance that a running trial, or one that a worker holds, is lost with its worker


@dataclass(frozen=True, slots=True)
class Candidate:
    """A checkpoint that may go.

    Attributes:
        saved: The checkpoint.
        chance: That its trial is resumed from it, from 0 to 1.
        replay_s: Seconds of training to come again where it stands, from the checkpoint before it.
    """

    saved: Saved
    chance: float
    replay_s: float

    @property
    def order(self) -> tuple[float, int, int]:
        """Sorts first what is missed least; of equals the older trial and the earlier checkpoint."""
        return self.chance * self.replay_s, self.saved.trial, self.saved.resource


def to_evict(candidates: Sequence[Candidate], excess_bytes: int) -> list[Saved]:
    """The checkpoints to give up, first those that are missed least, until `excess_bytes` are free or none is left."""
    chosen: list[Saved] = []
    for candidate in sorted(candidates, key=lambda each: each.order):
        if excess_bytes <= 0:
            break
        chosen.append(candidate.saved)
        excess_bytes -= candidate.saved.size_bytes
    return chosen


def candidates(state: State, held: Collection[int] = ()) -> list[Candidate]:
    """All checkpoints that may go. O(n) in the number of observations.

    A checkpoint must stay while a child waits to start from it, while an open job was told to begin from it, and if it
    is the last one of the best trial.

    Args:
        state: The study.
        held: Trials at rest that workers hold in memory.
    """
    ranks = _Ranks(state)
    restoring = {job.restore for job in state.jobs.values()}
    return [
        candidate
        for record in state.trials
        if record.checkpoints
        for candidate in _of_trial(state, record, ranks, record.number in held)
        if candidate.saved.checkpoint not in restoring
        and not state.custody.children[candidate.saved.checkpoint]
    ]


def seconds_per_unit(state: State, trial: int) -> float:
    """Measured training time of a unit of resource of a trial; before its first report, the mean of the study."""
    record = state.trials[trial]
    if record.resource and record.seconds:
        return record.seconds / record.resource
    account = state.account
    return account.seconds / account.trained if account.trained else 0.0


def _of_trial(state: State, record: TrialRecord, ranks: "_Ranks", held: bool) -> Iterator[Candidate]:
    active = state.may_go_on(record.number)
    pace = seconds_per_unit(state, record.number)
    before = 0
    for saved in record.checkpoints:
        last = saved is record.checkpoints[-1]
        replay_s = pace * (saved.resource - before)
        before = saved.resource
        if not last:
            yield Candidate(saved, DAMAGED, replay_s)
        elif active:
            yield Candidate(saved, LOST if held or record.job is not None else ranks.chance(record), replay_s)


class _Ranks:
    """How trials at rest stand on their rungs."""

    def __init__(self, state: State) -> None:
        self._view = state.history.view()
        self._rungs: dict[int, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}

    def chance(self, record: TrialRecord) -> float:
        """The share of its rung that a trial is at least as good as; 1 for what is certain to go on."""
        if record.owed is not None or record.losses is None or record.audit is not None:
            return 1.0
        if record.resource not in self._rungs:
            losses = self._view.losses[:, 0] + np.where(self._view.violations.any(axis=1), np.inf, 0.0)
            self._rungs[record.resource] = np.sort(losses[self._view.resources == record.resource])
        rung = self._rungs[record.resource]
        loss = record.losses[0] if not any(record.violations) else np.inf
        better = int(np.searchsorted(rung, loss, side="left"))
        return 1.0 - better / max(1, len(rung))
