"""Custody of checkpoints: which ones the trials have, who may still need them, which can go.

A trial goes on from its last checkpoint; before it has one of its own, from the one of its parent that it started
from, which must be kept that long. While it may go on, the checkpoint before the last is kept, too, in case the last
one is found damaged: the work since then is lost, not all work. Longer chains would cost room for a rare case.
"""

from collections import Counter
from collections.abc import Sequence

from rung.core.errors import ContradictionError
from rung.core.event import Saved
from rung.core.record import TrialRecord


class Custody:
    """Keeps `checkpoints` and `origin` of all trials.

    Attributes:
        children: How many trials have each checkpoint as their origin.
        size_bytes: What all checkpoints take.
        saves: How many were written in all, those included that were given up.
        saving_s: The seconds that this took.
    """

    def __init__(self, trials: list[TrialRecord]) -> None:
        self._trials = trials
        self.children: Counter[str] = Counter()
        self.size_bytes = 0
        self.saves = 0
        self.saving_s = 0.0

    def last(self, trial: int) -> Saved | None:
        """The checkpoint from which a trial would go on, or a child of it begin."""
        record = self._trials[trial]
        return record.checkpoints[-1] if record.checkpoints else record.origin

    def needless(self, trial: int, keep: int) -> list[Saved]:
        """Checkpoints of a trial that nothing can need any more, if the last `keep` may be needed."""
        own = self._trials[trial].checkpoints
        kept = own[max(0, len(own) - keep) :]
        return [saved for saved in own if saved not in kept and not self.children[saved.checkpoint]]

    def inherit(self, child: TrialRecord, parent: int) -> None:
        """A child starts from what its parent has."""
        origin = self.last(parent)
        if origin is not None:
            child.origin = origin
            child.position = child.told = origin.resource
            self.children[origin.checkpoint] += 1

    def leave_origin(self, record: TrialRecord) -> Sequence[int]:
        """A trial needs its parent's checkpoint no more; returns the trial that may drop it now."""
        origin, record.origin = record.origin, None
        if origin is None:
            return ()
        self.children[origin.checkpoint] -= 1
        return (origin.trial,)

    def add(self, record: TrialRecord, saved: Saved) -> Sequence[int]:
        """A trial has a checkpoint of its own; returns the trial whose checkpoint it needs no more."""
        record.checkpoints = tuple(sorted((*record.checkpoints, saved), key=lambda each: each.resource))
        self.size_bytes += saved.size_bytes
        self.saves += 1
        self.saving_s += saved.seconds
        return self.leave_origin(record)

    def drop(self, record: TrialRecord, checkpoint: str) -> None:
        """A checkpoint is given up, or was lost; children that needed it fall back to what its trial has left.

        Raises:
            ContradictionError: If the trial has no such checkpoint.
        """
        kept = tuple([saved for saved in record.checkpoints if saved.checkpoint != checkpoint])
        if len(kept) == len(record.checkpoints):
            raise ContradictionError(f"checkpoint {checkpoint} does not exist.")
        self.size_bytes -= sum(
            saved.size_bytes for saved in record.checkpoints if saved.checkpoint == checkpoint
        )
        record.checkpoints = kept
        if self.children[checkpoint]:
            self._replace_origin(checkpoint, self.last(record.number))

    def _replace_origin(self, checkpoint: str, older: Saved | None) -> None:
        for record in self._trials:
            if record.origin is not None and record.origin.checkpoint == checkpoint:
                record.origin = older
        n_children = self.children.pop(checkpoint)
        if older is not None:
            self.children[older.checkpoint] += n_children
