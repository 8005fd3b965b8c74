"""Saving: whether a trial that leaves its worker is worth a checkpoint, or cheaper to train again."""

from rung.core.eviction import seconds_per_unit
from rung.core.state import State

NEGLIGIBLE_S = 0.1  # who saves quicker than this gains nothing by leaving it out


def worth_saving(state: State, trial: int) -> bool:
    """Whether to save a trial that may go on, as measured so far; a function of the log alone.

    It is not if training again what was trained since its last checkpoint takes less time than saving and restoring
    (which is taken to be as long as saving). The best trial is always worth it, and so is any where units of resource
    or cost are limited, as training again would spend them.
    """
    best, budget, custody = state.incumbent, state.account.budget, state.custody
    if best is not None and best.trial == trial:
        return True
    if budget.resource is not None or budget.costs or not custody.saves:
        return True
    saving_s = custody.saving_s / custody.saves
    units = state.trials[trial].position - state.resumes_at(trial)[0]
    return saving_s < NEGLIGIBLE_S or units * seconds_per_unit(state, trial) > 2 * saving_s
