"""Cost-aware halving by start and stop: `StoppingASHA` whose rungs lie at equal cost, in place of equal steps.

Where a trial stands on a rung of some cost, and how what a unit costs it is measured, is as in `CostASHA`. But a trial
is judged once, when it arrives at a rung: it goes on if it is among the best `1/eta` of those that have arrived by
then, or while these are too few to judge; else it is stopped. So it needs no checkpoint. If a unit costs all trials the
same, all decisions are those of `StoppingASHA`.

A trial that goes on and has trained for the next rung already moves up as it is, and is judged there.

A decision costs O(1), an arrival O(log n) in the number of trials n.

References:
    Klein et al., Model-based Asynchronous Hyperparameter and Neural Architecture Search, 2020, section 3.1 (stopping).
    Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, section 2.1 (the resource).
"""

from collections.abc import Sequence

from rung.core.decision import Advance, Ask, Decision, Fact, Stop, Wait, Yielded
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.core.why import Why
from rung.schedulers.cost import CostOptions, LiveCostASHA
from rung.schedulers.options import check_one_objective
from rung.schedulers.rungs import at_rest


class StoppingCostASHA(CostOptions, frozen=True, tag="stopping-cost-asha"):
    """Asynchronous successive halving at equal cost that stops a trial or lets it go on when it arrives at a rung."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveStoppingCostASHA":
        """A live scheduler at the beginning of a study."""
        check_one_objective("StoppingCostASHA", objectives)
        return LiveStoppingCostASHA(self)


class LiveStoppingCostASHA(LiveCostASHA):
    """State: besides rungs and prices, who has arrived and is not judged yet."""

    def __init__(self, spec: CostOptions) -> None:
        super().__init__(spec)
        self._unjudged: dict[int, None] = {}  # in the order of arrival

    # Deciding

    def decide(self, ask: Ask) -> Decision:
        """Take on who is short of its rung, then judge who has arrived, in that order; else begin a pilot."""
        if not ask.slots:
            return Wait(Why("all busy"))
        return self._take_on(ask) or self._judge(ask) or self._new(ask) or at_rest(bool(self.running), ask)

    def _judge(self, ask: Ask) -> Advance | Stop | None:
        """The verdict on the first who has arrived, unless the budget does not cover it."""
        for trial in self._unjudged:
            index, loss = self._place[trial]
            if not self._may_go_on(trial, index, loss):
                return Stop(trial, self._of_cost(self._rungs[index].judge("stopped at cost"), trial))
            if self._fits(trial, ask):
                rule = "extended at cost" if self._rungs[index].keep else "extended early at cost"
                return Advance(
                    trial, self._target(trial), self._of_cost(self._rungs[index].judge(rule), trial)
                )
        return None

    def _may_go_on(self, trial: int, index: int, loss: float) -> bool:
        rung = self._rungs[index]
        return not rung.keep or rung.keeps(loss, trial)

    # Learning

    def apply(self, fact: Fact) -> Sequence[int]:
        """As `LiveCostASHA.apply`; one that yields after it was judged is judged again."""
        if isinstance(fact, Yielded) and fact.trial in self._place:
            self._end(fact.trial)
            self._at[fact.trial] = fact.resource
            self._unjudged[fact.trial] = None
            return ()
        return super().apply(fact)

    def _enter(self, trial: int, index: int, loss: float) -> list[int]:
        """A trial comes to stand on a rung, and on further ones for which it has trained if it may go on."""
        moved: list[int] = []
        while index < len(self._rungs):
            self._rungs[index].arrive(loss, trial)
            self._place[trial] = (index, loss)
            if trial in self._over:
                break
            self._note_best(index, trial, loss)
            if not (self._has_trained_for(trial, index + 1) and self._may_go_on(trial, index, loss)):
                break
            moved.append(trial)
            index += 1
        self._await(trial)
        return moved

    def _await(self, trial: int) -> None:
        """A trial that has arrived is to be judged, unless it is complete."""
        if trial not in self._over and self.status(trial) == "paused":
            self._unjudged[trial] = None

    def _leave(self, trial: int) -> None:
        """A trial runs, or is over: nobody waits for a verdict on it."""
        self._short.pop(trial, None)
        self._unjudged.pop(trial, None)
