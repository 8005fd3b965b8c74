"""What is said when a run has ended."""

import shlex
from collections import Counter

from rung.cli.opening import STORE
from rung.core.errors import NoResultError
from rung.results import feasibility, full_cost
from rung.study import Study
from rung.words import columns, conjoined, costs, counts, number, scalar, units


def summary(study: Study, command: str) -> str:
    """The best, what became of the trials, what it cost, why it ended, and how to go on.

    Args:
        study: A study that was run.
        command: The command line that ran it.
    """
    state = study.state
    rows = {"trials": f"{state.n_trials}: {counts(state.counts)}"} if state.trials else {"trials": "none"}
    if state.counts["failed"]:
        rows["failed"] = _failures(study)
    if state.constraints:
        rows["feasible"] = feasibility(state)
    rows["spent"] = _spent(study)
    if study.spec.audit is not None:
        rows["audited"] = study.audits.sentence(study.audits.overall)
    if study.state.confirmations.last is not None and len(state.objectives) == 1:
        rows["confirmed"] = study.confirmed.verdict
    if study.ended is not None:
        rows["ended"] = study.ended
    rows["go on"] = command
    return f"{_best(study)}\n\n{columns(rows)}"


def _best(study: Study) -> str:
    metrics = [goal.metric for goal in study.state.objectives]
    if len(metrics) > 1:
        return (
            f"{len(study.front)} trials that no other one dominates in {' and '.join(metrics)}: study.front"
        )
    try:
        best = study.best
    except NoResultError:
        return "no result yet"
    unit = study.state.resource.unit
    head = f"best: {metrics[0]} {number(best.value)} at {units(best.resource, unit)} (trial {best.number})"
    breaks = f"\nIt breaks a constraint: {conjoined(best.broken)}." if best.broken else ""
    config = {name: scalar(value) for name, value in best.config.items()}
    return f"{head}{breaks}\n\n{columns(config, '  ')}"


def _failures(study: Study) -> str:
    failures = [(trial.number, trial.failure) for trial in study.trials if trial.failure is not None]
    kinds = Counter(failure.type for _, failure in failures)
    words = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common(3))
    store = [] if study.url == STORE else ["--store", study.url]
    return f"{words}; see for example: {shlex.join(['rung', 'why', study.name, str(failures[0][0]), *store])}"


def _spent(study: Study) -> str:
    state = study.state
    spent, full = state.account.resource, full_cost(state)
    words = units(spent, state.resource.unit)
    words += f", {costs(state.account.spent)}" if state.account.spent else ""
    if not full or spent >= full:
        return words
    return f"{words}, {100 * spent / full:.0f} % of the {full} for every trial to the end"
