"""Cost-aware ASHA: an example by hand, the same decisions as ASHA where costs are equal, and what may go wrong."""

import random
from collections.abc import Callable

import msgspec
import pytest

import rung
from rung.core.budget import Budget
from rung.core.decision import (
    Advance,
    Arrived,
    Decision,
    Failed,
    Finished,
    JobGranted,
    New,
    Observed,
    Stop,
    TrialCreated,
    TrialStopped,
)
from rung.core.errors import MisuseError, SpecError
from rung.core.event import Reported
from rung.core.job import Job
from rung.core.resource import Fraction, Replicates, Resource, Steps
from rung.core.space import Config
from rung.core.why import sentence
from rung.replay import replay
from rung.schedulers.asha import ASHA, StoppingASHA
from rung.schedulers.cost import CostASHA, LiveCostASHA
from rung.schedulers.cost_price import Price
from rung.schedulers.cost_stopping import StoppingCostASHA
from schedulers.asks import OBJECTIVES, SPACE, ask
from schedulers.test_properties import it_has_ended
from schedulers.world import Settings, World, fold, snapshot


class Table:
    """A scheduler at work: trials are trained to where it wants them, at given costs and with given losses."""

    def __init__(self, spec: CostASHA | StoppingCostASHA) -> None:
        self.live = spec.start(SPACE, OBJECTIVES, 0)
        self.n_trials = 0
        self.at: dict[int, int] = {}

    def decide(self) -> Decision:
        return self.live.decide(ask())

    def train(self, loss: float, seconds: Callable[[int], float] | float) -> int:
        """Do what it wants next; returns the trial."""
        decision = self.decide()
        assert isinstance(decision, New | Advance)
        if isinstance(decision, New):
            trial = self.n_trials
            self.n_trials += 1
            self.at[trial] = 0
            self.live.apply(TrialCreated(trial))
        else:
            trial = decision.trial
        self.live.apply(JobGranted(0, trial, self.at[trial], decision.target))
        for step in range(self.at[trial] + 1, decision.target + 1):
            took = seconds(step) if callable(seconds) else seconds
            self.live.apply(Observed(trial, step, (loss,), (loss,), 1, took, {}))
        self.at[trial] = decision.target
        self.live.apply(Arrived(trial, decision.target, (loss,)))
        return trial

    def told(self, trial: int) -> str:
        return sentence(self.live.why(trial), "epoch")


def test_an_example_by_hand() -> None:
    """Rungs at 10, 20 and 40 s, of which one in two goes on; trial 0 takes 1 s a step, 1 takes 8 s, 2 takes 5 s."""
    table = Table(CostASHA(max_resource=30, max_cost=40, min_cost=10, eta=2))
    assert table.decide() == New(1, rung.core.why.Why("pilot", resource=1))
    table.train(0.5, 1.0)
    assert table.told(0) == "goes on to its rung, at a cost of 10: 1 epoch cost it 1"
    table.train(0.5, 1.0)  # 10 steps of 1 s are 10 s
    assert table.at == {0: 10}
    table.train(0.4, 8.0)  # 10 s are 1.25 steps of 8 s, so 1 is as near as it comes
    assert table.at == {0: 10, 1: 1}
    assert table.told(0) == "2nd of 2 at a cost of 10 (10 epochs), only the best one goes on"
    decision = table.decide()  # the better one of two; 20 s are 2.5 steps of 8 s, so 2
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target) == (1, 2)
    assert sentence(decision.why) == "promoted from a cost of 10, at 1 step: the best of 2"
    table.train(0.4, 8.0)
    table.train(0.3, 5.0)
    table.train(0.3, 5.0)  # trial 2 takes 2 steps to 10 s
    assert table.at == {0: 10, 1: 2, 2: 2}
    decision = table.decide()  # trial 2 is the best of 3, but only one of 3 // 2 goes on, and it is 2 now
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target) == (2, 4)
    table.train(0.3, 5.0)
    table.train(0.3, 5.0)  # the better of two at 20 s: to 40 s, which are 8 steps
    assert table.at == {0: 10, 1: 2, 2: 8}
    assert table.live.status(2) == "complete"
    assert table.told(2) == "reached the last level, a cost of 40, at 8 epochs"
    assert table.live.best == Arrived(2, 8, (0.3,))
    assert table.told(1) == "2nd of 2 at a cost of 20 (2 epochs), only the best one goes on"


@pytest.mark.parametrize("eta", [2, 3])
@pytest.mark.parametrize(
    ("at_cost", "at_steps"), [(CostASHA, ASHA), (StoppingCostASHA, StoppingASHA)], ids=["pausing", "stopping"]
)
@pytest.mark.parametrize(
    ("price", "low", "high", "most"), [(0.7, 0.7, 63, 90), (2.0, 8.0, 200, 70), (0.1, 0.42, 9, 31)]
)
def test_where_a_unit_costs_all_trials_the_same_it_decides_as_asha(
    price: float,
    low: float,
    high: float,
    most: int,
    eta: int,
    at_cost: type[CostASHA | StoppingCostASHA],
    at_steps: type[ASHA | StoppingASHA],
) -> None:
    spec = at_cost(max_resource=most, max_cost=high, min_cost=low, eta=eta)
    steps = sorted({min(most, round(cost / price)) for cost in spec.cost_levels()})
    for seed in range(3):
        draws = random.Random(seed)
        costly = spec.start(SPACE, OBJECTIVES, 0)
        plain = at_steps(max_resource=steps[-1], eta=eta, levels=tuple(steps)).start(SPACE, OBJECTIVES, 0)
        running: dict[int, tuple[int, int]] = {}
        n_trials = n_stopped = 0
        for _ in range(400):
            if len(running) < 5 and draws.random() < 0.6:
                decision, other = plain.decide(ask()), costly.decide(ask())
                if isinstance(decision, Stop):
                    assert isinstance(other, Stop)
                    assert other.trial == decision.trial
                    for live in (plain, costly):
                        live.apply(TrialStopped(decision.trial))
                    n_stopped += 1
                    continue
                assert isinstance(decision, New | Advance)
                if isinstance(decision, New):
                    trial, start = n_trials, 0
                    n_trials += 1
                    assert isinstance(other, New)
                    for live in (plain, costly):
                        live.apply(TrialCreated(trial))
                    if decision.target > 1:  # after its pilot it goes on at once
                        pilot(costly, trial, price)
                        start, other = 1, costly.decide(ask())
                else:
                    trial = decision.trial
                    start = steps[steps.index(decision.target) - 1]
                if not isinstance(other, New):
                    assert isinstance(other, Advance)
                    assert other.trial == trial
                assert other.target == decision.target
                for live in (plain, costly):
                    live.apply(JobGranted(0, trial, start, decision.target))
                running[trial] = (start, decision.target)
            elif running:
                trial = draws.choice(sorted(running))
                start, target = running.pop(trial)
                if draws.random() < 0.1:
                    fact = draws.choice([Failed(trial, target), TrialStopped(trial)])
                else:
                    loss = draws.randrange(12) / 4
                    for step in range(start + 1, target + 1):
                        costly.apply(Observed(trial, step, (loss,), (loss,), 1, price, {}))
                    fact = Arrived(trial, target, (loss,))
                for live in (plain, costly):
                    live.apply(fact)
        assert n_trials > 50
        assert (n_stopped > 20) == (at_cost is StoppingCostASHA)


def pilot(live: LiveCostASHA, trial: int, price: float) -> None:
    live.apply(JobGranted(0, trial, 0, 1))
    live.apply(Observed(trial, 1, (9.0,), (9.0,), 1, price, {}))
    live.apply(Arrived(trial, 1, (9.0,)))


def test_a_slow_first_step_does_not_count_once_there_are_others() -> None:
    price = Price()
    price.add(1, 30.0, first=True)
    assert price.per_unit == 30.0
    price.add(1, 1.0, first=False)
    price.add(1, 20.0, first=True)  # the next job begins with the loading of a checkpoint
    price.add(2, 4.0, first=False)
    assert price.per_unit == pytest.approx(5 / 3)


def test_a_trial_whose_first_step_was_slow_is_judged_where_others_are() -> None:
    """The first step takes 12 s, the others 1 s: to a rung of 36 s lead 36 steps, not 3."""
    table = Table(CostASHA(max_resource=100, max_cost=72, min_cost=36, eta=2))
    table.train(0.5, lambda step: 12.0 if step == 1 else 1.0)
    table.train(0.5, lambda step: 12.0 if step == 1 else 1.0)
    assert table.at[0] == 3
    assert table.live.status(0) == "paused"
    table.train(0.5, 1.0)
    assert table.at[0] == 36
    assert isinstance(table.decide(), New)


def test_a_unit_that_costs_more_than_a_rung_is_trained_once_more_and_then_moves_up_as_it_is() -> None:
    """At 50 s a step, the rungs of 10, 20 and 40 s all lie below one step."""
    table = Table(CostASHA(max_resource=30, max_cost=40, min_cost=10, eta=2))
    for _ in range(2):
        table.train(0.5, 50.0)
    assert table.at == {0: 1, 1: 1}
    assert table.train(0.5, 50.0) == 0  # a single step does not tell whether it was slow for once
    assert table.at == {0: 2, 1: 1}
    for _ in range(2):  # the next one is the best of 3 at 10 s, and then the better of 2 at 20 s
        table.train(0.1, 50.0)
    assert table.at == {0: 2, 1: 1, 2: 2}
    assert table.live.status(2) == "complete"


def test_a_trial_at_max_resource_is_complete_and_still_compared_on_higher_rungs() -> None:
    table = Table(CostASHA(max_resource=5, max_cost=40, min_cost=10, eta=2))
    for _ in range(2):
        table.train(0.2, 1.0)  # 10 s would be 10 steps
    assert table.at == {0: 5}
    assert table.live.status(0) == "complete"
    assert table.told(0) == "reached the last level, 5 epochs"
    assert table.live.best == Arrived(0, 5, (0.2,))
    for loss in (0.3, 0.3, 0.1, 0.1):  # two slow ones, which stand at 2 steps
        table.train(loss, 5.0)
    # trial 0 was the better of two at 10 s and has moved up to 20 s, where trial 2 beats it
    assert table.train(0.1, 5.0) == 2
    assert table.train(0.1, 5.0) == 2
    assert table.at == {0: 5, 1: 2, 2: 5}


def test_who_is_stopped_is_told_so_in_cost() -> None:
    """Rungs at 10, 20 and 40 s, of which one in two goes on; trials 0 and 2 take 1 s a step, 1 takes 8 s."""
    table = Table(StoppingCostASHA(max_resource=30, max_cost=40, min_cost=10, eta=2))
    for _ in range(2):
        table.train(0.5, 1.0)
    assert table.at == {0: 10}
    decision = table.decide()
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target) == (0, 20)
    assert sentence(decision.why) == (
        "goes on from a cost of 10, at 10 steps: only 1 arrived so far, too few to judge"
    )
    assert table.train(0.5, 1.0) == 0
    assert table.train(0.5, 1.0) == 0  # to 40 s, or 30 steps, the most there are
    assert table.live.status(0) == "complete"
    table.train(0.7, 8.0)
    decision = table.decide()
    assert isinstance(decision, Stop)
    assert sentence(decision.why) == "not the best of 2 at a cost of 10, at 1 step"
    table.live.apply(TrialStopped(1))
    for _ in range(2):
        table.train(0.1, 1.0)
    decision = table.decide()
    assert isinstance(decision, Advance)
    assert sentence(decision.why) == "goes on from a cost of 10, at 10 steps: the best of 3"


def test_who_has_trained_for_the_next_rungs_is_judged_there_at_once() -> None:
    """At 50 s a step, the rungs of 10, 20 and 40 s all lie below one step; it is trained once more to be sure."""
    table = Table(StoppingCostASHA(max_resource=30, max_cost=40, min_cost=10, eta=2))
    for _ in range(2):
        assert table.train(0.5, 50.0) == 0
    assert table.at == {0: 2}
    assert table.live.status(0) == "complete"
    table.train(0.6, 50.0)
    assert isinstance(table.decide(), Stop)


def test_steps_that_take_no_time_lead_to_max_resource() -> None:
    table = Table(CostASHA(max_resource=7, max_cost=10))
    table.train(0.5, 0.0)
    table.train(0.5, 0.0)
    assert table.at == {0: 7}
    assert table.live.status(0) == "complete"


def test_without_trials_to_come_or_budget_it_says_so() -> None:
    live = CostASHA(max_resource=7, max_cost=10).start(SPACE, OBJECTIVES, 0)
    assert isinstance(live.decide(ask(may_create=False)), Finished)
    assert isinstance(live.decide(ask(room=0)), Finished)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_cost": 0}, "max_cost must be a number above 0"),
        ({"max_cost": float("inf")}, "max_cost must be a number above 0"),
        ({"max_cost": True}, "max_cost must be a number above 0"),
        ({"min_cost": 20}, "min_cost must be at most max_cost, got 20 and 10"),
        ({"min_cost": -1.0}, "min_cost must be a number above 0"),
        ({"eta": 1}, "eta must be an integer of at least 2"),
        ({"max_resource": 0}, "max_resource must be a whole number"),
        ({"cost": ""}, "'seconds' or the name of a reported metric"),
    ],
)
def test_wrong_options_are_refused_with_a_sentence(given: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        CostASHA(**{"max_resource": 9, "max_cost": 10, **given})  # type: ignore[arg-type]


def test_audits_are_refused_with_a_sentence() -> None:
    with pytest.raises(SpecError, match="judges each trial at other resources"):
        rung.Study(
            "a", {"x": rung.Float(0, 1)}, minimize="loss", scheduler=CostASHA(9, 9), audit=0.1, store=None
        )


# In a world in which trials cost different amounts, jobs are lost and drivers die


class Uneven(World):
    """A world in which a unit takes from 0 to 8 seconds, by the trial, and the first one of a job longer."""

    def _report(self, job: Job, position: int, loss: float) -> Reported:
        found = super()._report(job, position, loss)
        seconds = (0.0, 0.25, 1.0, 2.0, 8.0)[job.trial % 5] * (3 if position == job.start + 1 else 1)
        return msgspec.structs.replace(found, seconds=seconds)


OPERATIONS = (
    "ask",
    "ask",
    "steps",
    "steps",
    "steps",
    "lose",
    "fail",
    "late",
    "interrupt",
    "save",
    "restart",
    "stop",
)


@pytest.mark.parametrize(
    "resource", [Steps(), Fraction(), Replicates()], ids=lambda kind: type(kind).__name__
)
@pytest.mark.parametrize("seed", range(6))
def test_it_ends_and_folds_into_the_same_decisions_whatever_happens(seed: int, resource: Resource) -> None:
    spec, draws = CostASHA(max_resource=9, max_cost=9, eta=2), random.Random(seed)
    world = Uneven(Settings(spec, draws.choice([1, 3]), Budget(trials=12), seed, resource))
    for _ in range(120):
        operation, number = draws.choice(OPERATIONS), draws.randrange(7)
        match operation:
            case "steps":
                world.do("ask")
                world.do("step", number, draws.randrange(9) / 4)
            case "fail":
                world.do("fail", number, number % 2)
            case "late":
                world.do("late", number, 0.5)
            case "stop" if number == 0:
                world.do("stop_by_hand", draws.randrange(20))
            case "stop":
                pass
            case "ask" | "restart":
                world.do(operation)
            case _:
                world.do(operation, number)
    world.do("drain", 1)
    it_has_ended(world)
    state = world.settings.state()
    for entry in world.entries:
        state.apply(entry)
        if entry.seq in world.snapshots:
            assert snapshot(state, 0) == world.snapshots[entry.seq]
    assert snapshot(fold(world.entries, world.settings), 0) == snapshot(world.state, 0)
    found = replay(lambda: world.entries, lambda spec: world.settings.state())
    assert found.first is None
    assert found.unknown.keys() <= {"held"}


# Costs that are reported


def money(config: Config, resource: int, seed: int) -> tuple[dict[str, object], float]:
    """Half of the configurations cost ten times as much; time is the same for all."""
    x = float(str(config["x"]))
    return {"loss": x / resource, "euro": 1.0 if x < 0.5 else 0.1}, 1.0


def test_a_reported_metric_may_be_the_cost() -> None:
    scheduler = rung.CostASHA(max_resource=50, max_cost=8.0, min_cost=2.0, eta=2, cost="euro")
    study = rung.Study("m", {"x": rung.Float(0, 1)}, minimize="loss", scheduler=scheduler, store=None)
    study.run(executor=rung.Simulated(problem=money, workers=2), budget=rung.Budget(trials=20))
    dear = {trial.resource for trial in study.trials if trial.config["x"] < 0.5}
    cheap = {trial.resource for trial in study.trials if trial.config["x"] >= 0.5}
    assert dear <= {2, 4, 8}
    assert cheap <= {20, 40, 50}
    assert len(cheap) > 1
    assert study.best.number in [trial.number for trial in study.trials if trial.status == "complete"]


def test_without_a_price_a_trial_goes_on_unit_by_unit_and_the_study_ends() -> None:
    """As where a study with another scheduler goes on with this one, or a simulated problem tells no cost."""
    scheduler = rung.CostASHA(max_resource=4, max_cost=8.0, cost="kwh")
    study = rung.Study("m", {"x": rung.Float(0, 1)}, minimize="loss", scheduler=scheduler, store=None)
    study.run(executor=rung.Simulated(problem=money, workers=2), budget=rung.Budget(trials=3))
    assert [(trial.status, trial.resource) for trial in study.trials] == [("complete", 4)] * 3
    told = [line.text for line in study.story(0)]
    assert any("goes on after 1 step, as nothing tells yet what they cost" in line for line in told)


def test_the_best_is_that_of_the_highest_cost_not_of_the_highest_step() -> None:
    """The dear ones stand at fewer steps, and are better there than the cheap ones at more."""

    def better_if_dear(config: Config, resource: int, seed: int) -> tuple[dict[str, object], float]:
        x = float(str(config["x"]))
        return {"loss": (0.1 if x < 0.5 else 1.0) + 1 / resource}, 10.0 if x < 0.5 else 1.0

    scheduler = rung.CostASHA(max_resource=80, max_cost=80, min_cost=20, eta=2)
    study = rung.Study("m", {"x": rung.Float(0, 1)}, minimize="loss", scheduler=scheduler, store=None)
    study.run(executor=rung.Simulated(problem=better_if_dear, workers=3), budget=rung.Budget(trials=30))
    assert study.best.config["x"] < 0.5
    assert study.best.resource == 8


def test_a_training_that_does_not_report_the_cost_is_told_what_to_do() -> None:
    def train(trial: rung.Trial) -> None:
        for _ in trial.steps():
            trial.report(loss=0.5)

    study = rung.Study(
        "m", {"x": rung.Float(0, 1)}, minimize="loss", scheduler=rung.CostASHA(9, 9, cost="kwh"), store=None
    )
    words = r"lacks 'kwh', which a constraint or the scheduler needs; it holds 'loss'. Say trial.report\(loss=..., kwh="
    with pytest.raises(MisuseError, match=words):
        study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=3))
    job = study.ask()
    assert job is not None
    with pytest.raises(MisuseError, match="kwh was never reported"):
        study.tell(job, {"loss": 0.5})
    study.tell(job, {"loss": 0.5, "kwh": 0.1})
