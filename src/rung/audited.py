"""What audits tell of early stopping: how often, and by how much, a trial better than the best was stopped.

A trial is better if its loss at the last level is below that of the best trial that the search has brought there;
what breaks a constraint is neither better nor the best.
Audited were trials that the scheduler would not have touched again; those that it has advanced since belong neither
to the sample nor to what it was drawn from. An audit that failed counts as not better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rung.core.audit import TrialAudit
from rung.core.constraint import is_feasible
from rung.core.objective import Losses
from rung.core.record import TrialRecord
from rung.core.state import State
from rung.core.why import plural
from rung.models.proportion import Estimate, mean, proportion


@dataclass(frozen=True, slots=True)
class LevelAudit:
    """What audits tell of the trials that were stopped at a level, or early at all.

    Attributes:
        resource: The level; None: all together.
        n_stopped: How many trials rest there.
        n_audited: How many of them were finished.
        n_running: How many were drawn and are not finished.
        n_better: How many of the finished ones are better than the best.
        share: The share of better ones among those stopped; NaN if none was audited.
        low, high: The 95 % interval of the share.
        gains: By how much the better ones are better, in the unit of the metric, the largest first.
    """

    resource: int | None
    n_stopped: int
    n_audited: int
    n_running: int
    n_better: int
    share: float
    low: float
    high: float
    gains: tuple[float, ...]

    @property
    def n_missed(self) -> float:
        """How many better ones were stopped, as estimated; NaN if none was audited."""
        return self.share * self.n_stopped

    @property
    def gain(self) -> Estimate | None:
        """The mean gain of the better ones with its 95 % interval; None if there are none."""
        return mean(np.array(self.gains)) if self.gains else None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What audits tell of a study.

    Attributes:
        levels: By level, lowest first.
        overall: All levels together.
        target: The level to which trials are finished.
        units: Units of resource that audits took.
        spent: Units of resource that the study took in all.
        best: The loss of the best trial that the search has brought to `target`; None: there is none to compare with.
        unit: What a unit is called.
    """

    levels: tuple[LevelAudit, ...]
    overall: LevelAudit
    target: int
    units: int
    spent: int
    best: float | None
    unit: str

    def at(self, resource: int) -> LevelAudit:
        """That of one level."""
        found = [level for level in self.levels if level.resource == resource]
        return found[0] if found else _level(resource, 0, [], None)

    def __str__(self) -> str:
        """A sentence for each level, and one for what audits took."""
        return "\n".join(self.sentences())

    def sentences(self) -> list[str]:
        """A sentence for each level with audits, and one for what they took."""
        told = [self.sentence(level) for level in self.levels if level.n_audited or level.n_running]
        return [*told, self._cost()]

    def sentence(self, level: LevelAudit) -> str:
        """What is known of a level, or of all together, in words."""
        at = "early" if level.resource is None else f"at {level.resource} {plural(self.unit, level.resource)}"
        finished = f"{level.n_audited} {'was' if level.n_audited == 1 else 'were'} finished"
        head = f"of {level.n_stopped} trials stopped {at}, {finished}"
        if not level.n_audited:
            return (
                f"{head}, {level.n_running} on their way" if level.n_running else f"{head} by audits so far"
            )
        if self.best is None:
            return f"{head}; the search has none at {self.target} yet to compare them with"
        interval = f"({100 * level.low:.0f} to {100 * level.high:.0f} % with 95 % confidence)"
        if not level.n_better:
            return f"{head}: none is better than the best {interval}"
        gain = f"by {level.gains[0]:.4g}" + (" at most" if level.n_better > 1 else "")
        return (
            f"{head}: {level.n_better} better than the best, {gain}; so {100 * level.share:.0f} % {interval}"
        )

    def _cost(self) -> str:
        share = f" ({100 * self.units / self.spent:.1f} %)" if self.spent else ""
        return f"audits took {self.units} of {self.spent} {plural(self.unit, self.spent)}{share}"


def audited(state: State) -> AuditReport:
    """What the audits of a study tell so far. O(n) in the number of trials."""
    best = _best_of_search(state)
    by_level: dict[int, list[TrialAudit]] = {level: [] for level in sorted(+state.audits.stopped)}
    for record in state.trials:
        if record.audit is not None and not record.audit.promoted:
            by_level.setdefault(record.audit.drawn.resource, []).append(record.audit)
    audits, account = state.audits, state.account
    levels = [_level(level, audits.stopped[level], found, best) for level, found in sorted(by_level.items())]
    everyone = [audit for found in by_level.values() for audit in found]
    return AuditReport(
        tuple(levels),
        _level(None, audits.stopped.total(), everyone, best),
        audits.target,
        audits.units,
        account.resource,
        None if best is None else best[0],
        state.resource.unit,
    )


def _best_of_search(state: State) -> Losses | None:
    target = state.audits.target
    found = [_losses_of_search(record) for record in state.trials if record.told >= target]
    return min((losses for losses in found if losses is not None and is_feasible(losses[0])), default=None)


def _losses_of_search(record: TrialRecord) -> Losses | None:
    return record.ranked if record.audit is None else record.audit.losses


def _level(
    level: int | None, n_stopped: int, audits: Sequence[TrialAudit], best: Losses | None
) -> LevelAudit:
    over = [audit for audit in audits if audit.over]
    reached = [audit.losses[0] if audit.losses is not None else np.inf for audit in over]
    gains = np.full(len(over), -np.inf) if best is None else best[0] - np.array(reached)
    better = gains > 0
    weights = np.array([1 / audit.drawn.chance for audit in over])
    share = proportion(better, weights) if best is not None else Estimate(float("nan"), 0.0, 1.0)
    return LevelAudit(
        level,
        n_stopped,
        len(over),
        len(audits) - len(over),
        int(better.sum()),
        share.value,
        share.low,
        share.high,
        tuple(sorted(gains[better].tolist(), reverse=True)),
    )
