"""Which worker gives up its trial for another job: the one whose trial matters least, found without asking them all."""

import pytest

import rung
from registered import TAGS, resource, scheduler
from rung.core import event as ev
from rung.core.machines import Machines, worth_moving
from rung.core.space import Config
from rung.holders import Holders
from simulations import SPACE


def at_once(config: Config, resource: int, seed: int) -> tuple[dict[str, object], float]:
    """All workers end their steps at the same moment, so that many hold a trial when the next job is given."""
    lr = config["lr"]
    assert isinstance(lr, float)
    return {"loss": lr + 1 / resource}, 1.0


@pytest.mark.parametrize("tag", TAGS)
def test_the_worker_whose_trial_matters_least_is_found_as_if_all_were_asked(
    tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Holders.least
    asked = []

    def least(self: Holders) -> int:
        worker = found(self)
        everybody = [(self._worth(trial), worker) for worker, trial in self.holding.items()]
        asked.append(len(everybody))
        assert worker == min(everybody)[1]
        return worker

    monkeypatch.setattr(Holders, "least", least)
    study = rung.Study(
        "routed",
        SPACE,
        minimize="loss",
        scheduler=scheduler(tag),
        resource=resource(tag),
        store=None,
    )
    executor = rung.Simulated(problem=at_once, workers=8, losses_per_hour=20, seed=1)
    study.run(executor=executor, budget=rung.Budget(trials=60))
    if tag in ("asha", "successive-halving", "hyperband"):
        assert max(asked) > 1  # there was a choice


# Unequal machines


def minute(config: Config, resource: int, seed: int) -> tuple[dict[str, object], float]:
    """A minute for a step."""
    lr = config["lr"]
    assert isinstance(lr, float)
    return {"loss": lr + 1 / resource}, 60.0


def finished(seed: int, speed: float = 3.0, **budget: object) -> tuple[rung.Study, float]:
    """A study on two quick workers and six that take three times as long, and when it was finished."""
    study = rung.Study(
        "unequal", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=81), seed=seed, store=None
    )
    machines = {"kinds": {"gpu": 2}, "speeds": {"gpu": speed}}
    study.run(
        executor=rung.Simulated(problem=minute, workers=8, save_s=2, restore_s=30, **machines),
        budget=rung.Budget(trials=60, **budget),
    )
    return study, max(entry.time for entry in study.events() if isinstance(entry.event, ev.Ended))


def moves(study: rung.Study) -> list[ev.Started]:
    """Jobs that took a trial from a slow worker to a quick one."""
    at: dict[int, int] = {}
    found = []
    for started in (entry.event for entry in study.events() if isinstance(entry.event, ev.Started)):
        if at.get(started.trial, 0) > 1 >= started.worker:
            found.append(started)
        at[started.trial] = started.worker
    return found


def test_the_last_trials_finish_sooner_as_they_leave_slow_workers_for_idle_quick_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = [finished(seed)[1] for seed in range(5)]
    monkeypatch.setattr(Machines, "best", lambda self, workers: None)
    assert sum(times) < 0.85 * sum(finished(seed)[1] for seed in range(5))


def test_where_money_is_limited_they_leave_dear_workers_for_idle_cheap_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def paid(seed: int) -> float:
        study, _ = finished(seed, money=1000.0, rates={"gpu": 2.4, "cpu": 0.1})
        return study.state.account.paid("money")

    sums = [paid(seed) for seed in range(5)]
    monkeypatch.setattr(Machines, "best", lambda self, workers: None)
    assert sum(sums) < 0.9 * sum(paid(seed) for seed in range(5))


def test_where_machines_are_alike_but_in_name_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    study, _ = finished(3, speed=1.2)
    monkeypatch.setattr(Machines, "best", lambda self, workers: None)
    before, _ = finished(3, speed=1.2)
    assert [entry.event for entry in study.events()][1:] == [entry.event for entry in before.events()][1:]


def test_which_worker_trains_what_repeats_itself_and_replays() -> None:
    study, when = finished(3)
    again, then = finished(3)
    assert moves(study)
    assert [entry.event for entry in study.events()][1:] == [entry.event for entry in again.events()][1:]
    assert when == then
    replayed = study.replay()
    assert (replayed.first, replayed.unknown) == (None, {})


def test_a_trial_stays_where_it_is_held_if_moving_costs_more_or_it_may_not_be_saved() -> None:
    state = finished(0)[0].state
    trial = next(record for record in state.trials if record.position == 27)
    assert worth_moving(state, trial.number, 81, 2 / 3)
    assert not worth_moving(state, trial.number, 28, 0.1)
    state.custody.saving_s = 4000.0 * state.custody.saves
    assert not worth_moving(state, trial.number, 81, 2 / 3)
    state.custody.saving_s, state.custody.saves = 0.0, 0
    assert not worth_moving(state, trial.number, 81, 2 / 3)
