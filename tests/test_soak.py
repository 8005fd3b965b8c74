"""The soak works, and its checks can fail: each finds the harm that was done to the record of a good round."""

import copy
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.why import Why

pytest.importorskip("fsspec")
sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from soaking import faults
from soaking.case import Case, Fault
from soaking.checks import CHECKS, check
from soaking.driver import Outcome
from soaking.evidence import Entered, Returned, Said
from soaking.facts import run_of
from soaking.places import World
from soaking.plan import Mishaps, Plan
from soaking.rounds import play

pytestmark = pytest.mark.timeout(300)  # processes start, work and die, also on a busy machine

PLAN = Plan(
    seed=3,
    round=0,
    store="sqlite",
    scheduler={"type": "asha", "max_resource": 9},
    searcher={"type": "random"},
    resource="steps",
    audit=None,
    retries=3,
    workers=2,
    step_s=0.01,
    save_s=0.05,
    timeout_s=None,
    bucket="folder",
    every_s=0.0,
    quota_bytes=None,
    small_disk=False,
    budgets=[Budget(trials=40), Budget(trials=50)],
    mishaps=Mishaps(raises=0.1, diverges=0.1, exits=0.1, hangs=0.0, dies=0.0, chatters=0.0),
    faults=[2, 1],
)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A round on two workers in which a worker and a driver are killed."""
    world = World(["sqlite"], s3=False)
    chosen = iter([faults.kill_saving, faults.kill_driver, faults.second_driver])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faults, "order", lambda stage: [next(chosen)])
        found = play(PLAN, world, tmp_path_factory.mktemp("soak") / "round")
    world.close()
    return found


def test_a_study_that_is_killed_and_resumed_loses_nothing(case: Case) -> None:
    assert check(case) == []
    assert {"worker killed in a save", "driver killed"} <= {fault.kind for fault in case.faults}
    assert sum(isinstance(entry.event, ev.Reported) for entry in case.entries) > 60
    assert len(case.durable) > 100
    assert len(case.seen) > 100
    assert sum(isinstance(line, Returned) for line in case.trained) > 60
    assert case.kept
    assert [run.in_order for run in case.runs][-1]


# Harm that must be found


def position(case: Case, kind: type[ev.AnyEvent], skip: int = 10) -> int:
    """Where an event of a kind stands, not among the first."""
    return [n for n, entry in enumerate(case.entries) if isinstance(entry.event, kind)][skip]


def change(case: Case, n: int, **fields: object) -> None:
    """Write other fields into an event of the log."""
    entry = case.entries[n]
    case.entries[n] = msgspec.structs.replace(entry, event=msgspec.structs.replace(entry.event, **fields))


def change_report(case: Case, **metrics: float) -> None:
    n = position(case, ev.Reported, skip=30)
    change(case, n, metrics={**case.entries[n].event.metrics, **metrics})


def forget_the_end(case: Case) -> None:
    del case.entries[-20:]


def lose_a_report_that_returned(case: Case) -> None:
    """As if the last run had never logged one; the log that is left is a log."""
    case.durable.clear()
    case.seen.clear()
    last = next(line for line in reversed(case.trained) if isinstance(line, Said))
    case.trained.append(msgspec.structs.replace(last, token=7))
    case.trained.append(Returned(last.run, last.pid, last.trial, last.job, last.time, token=7, goes_on=False))


def lose_what_a_killed_run_took_long_ago(case: Case) -> None:
    run = next(run for run in case.runs if run.killed)
    said = next(line for line in case.trained if isinstance(line, Said) and line.run == run.number)
    case.trained.append(msgspec.structs.replace(said, token=7))
    then = run.ended - 20.0
    case.trained.append(Returned(said.run, said.pid, said.trial, said.job, then, token=7, goes_on=False))


def invent_a_report(case: Case) -> None:
    change_report(case, token=5.0)


def alter_a_value(case: Case) -> None:
    change_report(case, loss=0.125)


def log_a_report_twice(case: Case) -> None:
    n = position(case, ev.Reported, skip=30)
    change(case, n, metrics=case.entries[position(case, ev.Reported, skip=29)].event.metrics)


def break_a_chain(case: Case) -> None:
    n = [n for n, line in enumerate(case.trained) if isinstance(line, Said)][20]
    case.trained[n] = msgspec.structs.replace(case.trained[n], chain=1)


def restore_from_a_stranger(case: Case) -> None:
    n = next(n for n, line in enumerate(case.trained) if isinstance(line, Entered) and line.start)
    case.trained[n] = msgspec.structs.replace(case.trained[n], origin=(999, 1))


def leave_a_trial_running(case: Case) -> None:
    case.entries = case.entries[: position(case, ev.Started, skip=-1) + 1]


def fail_a_trial_for_nothing(case: Case) -> None:
    case.trained = [line for line in case.trained if type(line).__name__ != "Misbehaved"]


def train_a_trial_twice_at_once(case: Case) -> None:
    n = [n for n, line in enumerate(case.trained) if isinstance(line, Said)][20]
    said = case.trained[n]
    entered = Entered(said.run, 1, said.trial, said.job, said.time - 1e-4, 0, None, 0, None)
    case.trained[n:n] = [entered, msgspec.structs.replace(said, pid=1, token=9)]


def let_a_replaced_driver_write(case: Case) -> None:
    n = position(case, ev.Reported, skip=-1)
    assert run_of(case.entries[n].event) > 0
    change(case, n, metrics={**case.entries[n].event.metrics, "run": 0.0})


def leave_budget(case: Case) -> None:
    case.plan = msgspec.structs.replace(case.plan, budgets=[Budget(trials=51)])


def overspend(case: Case) -> None:
    change(case, position(case, ev.BudgetChanged, skip=-1), budget=Budget(trials=5))


def free_moment(case: Case) -> int:
    """Where a job of a run has ended whose worker is given another one at once."""
    durable = {line.seq for line in case.durable if line.run == 1}
    return next(
        n
        for n, entry in enumerate(case.entries[:-4])
        if isinstance(entry.event, ev.Ended)
        and entry.event.held
        and isinstance(case.entries[n + 1].event, ev.Created | ev.Started)
        and any(isinstance(later.event, ev.Started) for later in case.entries[n + 2 : n + 4])
        and {entry.seq, entry.seq + 3} <= durable
    )


def let_a_minute_pass(case: Case, n: int) -> None:
    later = [msgspec.structs.replace(entry, time=entry.time + 60) for entry in case.entries[n:]]
    case.entries[n:] = later


def stand_idle_without_a_reason(case: Case) -> None:
    let_a_minute_pass(case, free_moment(case) + 1)


def stand_idle_for_a_reason_that_is_none(case: Case) -> None:
    n = free_moment(case) + 1
    first = case.entries[n]
    later = [msgspec.structs.replace(entry, seq=entry.seq + 1) for entry in case.entries[n:]]
    case.entries[n:] = [ev.Entry(first.seq, first.time, ev.Idled(Why("all busy"))), *later]
    let_a_minute_pass(case, n + 1)


def hang(case: Case) -> None:
    case.runs[0].hung = True


def crash(case: Case) -> None:
    case.runs[-1].outcome = Outcome(error="KeyError", words="KeyError: 3")


def tear_a_hole(case: Case) -> None:
    del case.entries[position(case, ev.Ended)]


def decide_otherwise(case: Case) -> None:
    n = position(case, ev.Created)
    change(case, n, config={**case.entries[n].event.config, "lr": 0.5})


def lose_a_checkpoint(case: Case) -> None:
    del case.kept[0]


def keep_a_checkpoint_of_nobody(case: Case) -> None:
    case.kept.append(replace(case.kept[0], name="99/9.99"))


def mix_up_checkpoints(case: Case) -> None:
    case.kept[0] = replace(case.kept[0], state=(99, 9))


def outlive_the_driver(case: Case) -> None:
    case.orphans.append("process 1")


def leave_half_a_checkpoint(case: Case) -> None:
    case.leftovers.append("checkpoints/3/.9.17-1-1")


HARMS: dict[str, list[Callable[[Case], None]]] = {
    "every acknowledged report is there": [
        forget_the_end,
        lose_a_report_that_returned,
        lose_what_a_killed_run_took_long_ago,
    ],
    "nothing is there that no training did": [invent_a_report, alter_a_value, log_a_report_twice],
    "no state is lost or mixed up": [break_a_chain, restore_from_a_stranger],
    "no trial is lost": [leave_a_trial_running, fail_a_trial_for_nothing],
    "no trial is run twice at once": [train_a_trial_twice_at_once, let_a_replaced_driver_write],
    "budgets are exact": [leave_budget, overspend],
    "never idle with work left": [stand_idle_without_a_reason, stand_idle_for_a_reason_that_is_none],
    "the run ends": [hang, crash],
    "the log folds": [tear_a_hole],
    "replay agrees": [decide_otherwise],
    "checkpoints are those of the log": [lose_a_checkpoint, keep_a_checkpoint_of_nobody, mix_up_checkpoints],
    "nothing is left behind": [outlive_the_driver, leave_half_a_checkpoint],
}


@pytest.mark.parametrize(
    ("invariant", "harm"), [(name, harm) for name, harms in HARMS.items() for harm in harms]
)
def test_harm_is_found(case: Case, invariant: str, harm: Callable[[Case], None]) -> None:
    harmed = copy.deepcopy(case)
    harm(harmed)
    assert invariant in {violation.invariant for violation in check(harmed)}


def test_every_check_is_shown_to_fail() -> None:
    assert HARMS.keys() == CHECKS.keys()


def test_a_fault_says_when_it_was(case: Case) -> None:
    assert all(isinstance(fault, Fault) and fault.begun <= fault.ended for fault in case.faults)
