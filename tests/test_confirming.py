"""Confirmations: leaders are trained anew, apart from the search and within the budget, also when cut off."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

import rung
from registered import TAGS
from rung.confirming import fallen_behind, leaders
from rung.core import event as ev
from rung.core.decision import SchedulerSpec
from rung.core.errors import NoResultError, SpecError
from rung.core.event import Entry
from rung.core.invariants import validate
from rung.core.resource import Resource
from rung.core.rng import rng
from rung.core.space import Config
from rung.spec import StudySpec
from simulations import pool as simulated_pool
from simulations import reopened, train
from simulations import study as simulated

SPACE = rung.Space(x=rung.Float(0.0, 1.0), kind=rung.Choice(["a", "b"]))
MAX = 9


class Noisy:
    """The loss is `x` and a noise of its own for each configuration, seed and resource; it falls with the resource."""

    def __init__(self, noise: float = 0.3, fails: float = 2.0) -> None:
        self.noise = noise
        self.fails = fails
        self.asked: list[tuple[float, int, int]] = []

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        x = float(str(config["x"]))
        self.asked.append((x, resource, seed))
        if x > self.fails:
            raise ValueError("too much")
        noise = rng(int(x * 1e9) ^ seed, "noise", resource).standard_normal()
        return {"loss": x + self.noise * noise + 1 / resource}, 1.0


def study(
    confirm: float | rung.Confirm | None = None,
    *,
    scheduler: SchedulerSpec | None = None,
    resource: Resource | None = None,
    seed: int = 1,
) -> rung.Study:
    return rung.Study(
        "simulated",
        SPACE,
        minimize="loss",
        scheduler=scheduler or rung.ASHA(max_resource=MAX),
        resource=resource,
        seed=seed,
        store=None,
        confirm=confirm,
    )


def pool(problem: Noisy | None = None, workers: int = 4, losses_per_hour: float = 0.0) -> rung.Simulated:
    return rung.Simulated(
        problem=problem or Noisy(), workers=workers, losses_per_hour=losses_per_hour, restart_s=1.0
    )


def searched(study: rung.Study) -> list[tuple[Config, int, int, str]]:
    """What the search has made: configurations, seeds, how far they came, where they stand."""
    records = [record for record in study.state.trials if record.repetition is None]
    return [(r.config, r.seed, r.resource, study.state.status(r.number)) for r in records]


def repetitions(study: rung.Study) -> list[ev.Created]:
    return [
        e.event for e in study.events() if isinstance(e.event, ev.Created) and e.event.confirms is not None
    ]


# Asked for by a person


def test_the_leaders_are_trained_anew_each_with_the_same_seeds() -> None:
    problem = Noisy()
    noisy = study().run(executor=pool(problem), budget=rung.Budget(trials=60))
    problem.asked.clear()
    found = noisy.confirm(executor=pool(problem), top=3, seeds=5)
    made = repetitions(noisy)
    assert (
        {each.confirms for each in made} == set(leaders(noisy.state, 3)) == {e.trial for e in found.leaders}
    )
    for each in made:
        assert each.config == noisy.state.trials[each.confirms or 0].config
        assert each.seed == next(m.seed for m in made if m.repetition == each.repetition)
    assert len({each.seed for each in made}) == 5
    assert not {each.seed for each in made} & {seed for _, seed, _, _ in searched(noisy)}
    assert sorted({resource for _, resource, _ in problem.asked}) == list(range(1, MAX + 1))
    assert found.best.measured.n == 5
    assert found.units == MAX * len(made)
    validate(noisy.state)


def test_the_search_goes_on_as_if_nothing_had_been_confirmed() -> None:
    plain, other = study(), study()
    for noisy in (plain, other):
        noisy.run(executor=pool(), budget=rung.Budget(trials=30))
        if noisy is other:
            noisy.confirm(executor=pool(), top=3, seeds=3, neighbours=4)
        noisy.run(executor=pool(), budget=rung.Budget(trials=60))
    assert repetitions(other)
    assert searched(plain) == searched(other)
    assert plain.state.counts == other.state.counts
    assert plain.state.incumbent is not None and other.state.incumbent is not None
    assert plain.state.incumbent.losses == other.state.incumbent.losses
    assert other.state.account.trials == len(other.trials) == 60
    assert other.history.n_observations == plain.history.n_observations
    assert len(other.to_frame()) == 60


def test_the_best_is_the_one_whose_repetitions_are_best_until_the_search_finds_another() -> None:
    noisy = study(seed=2).run(executor=pool(), budget=rung.Budget(trials=60))
    before = noisy.best
    found = noisy.confirm(executor=pool(), top=5, seeds=6)
    assert noisy.best.number == found.best.trial != before.number
    assert noisy.best.value == pytest.approx(found.best.measured.mean)
    assert noisy.best.resource == MAX
    noisy.run(executor=pool(), budget=rung.Budget(trials=2000))
    incumbent = noisy.state.incumbent
    assert incumbent is not None and incumbent.trial != before.number
    assert noisy.best.number == incumbent.trial


def test_a_leader_that_is_clearly_behind_gets_no_more_seeds() -> None:
    clear = study(scheduler=rung.FIFO(max_resource=MAX))
    for x in (0.2, 0.3, 0.4):
        clear.enqueue({"x": x, "kind": "a"})
    clear.run(executor=pool(Noisy(0.01)), budget=rung.Budget(trials=3))
    found = clear.confirm(executor=pool(Noisy(0.01), workers=1), top=3, seeds=8)
    assert found.best.measured.n == 8
    assert [leader.is_behind for leader in found.leaders] == [False, True, True]
    assert all(leader.measured.n < 8 for leader in found.leaders[1:])
    assert all(each.is_real for each in found.differences if each.better == found.best.trial)
    assert "the difference is real to each of the others" in str(found)


def test_confirming_twice_trains_nothing_twice_and_more_seeds_only_the_rest() -> None:
    noisy = study().run(executor=pool(), budget=rung.Budget(trials=40))
    first = noisy.confirm(executor=pool(), top=2, seeds=3)
    n = len(repetitions(noisy))
    assert noisy.confirm(executor=pool(), top=2, seeds=3) == first
    assert len(repetitions(noisy)) == n
    more = noisy.confirm(executor=pool(), top=2, seeds=5)
    assert {leader.measured.n for leader in more.leaders} <= {4, 5}
    for leader in first.leaders:
        kept = next(each for each in more.leaders if each.trial == leader.trial)
        assert leader.measured.values.items() <= kept.measured.values.items()


@pytest.mark.parametrize("workers", [1, 4])
def test_a_confirmation_that_is_cut_off_anywhere_ends_the_same_when_it_is_asked_for_again(
    workers: int,
) -> None:
    """Leaders race, so what a driver that dies has lost may change the order of results, but not what is trained."""

    def confirm(noisy: rung.Study) -> rung.Study:
        noisy.confirm(executor=pool(workers=workers), top=3, seeds=2, neighbours=3)
        return noisy

    whole = confirm(study().run(executor=pool(), budget=rung.Budget(trials=30)))
    entries = list(whole.events())
    begun = next(n for n, e in enumerate(entries) if isinstance(e.event, ev.ConfirmBegun))
    for cut in [n for n in moments(entries) if n > begun][::7]:
        resumed = confirm(reopened(entries[:cut]))
        validate(resumed.state)
        assert [each.measured for each in resumed.confirmed.leaders] == [
            e.measured for e in whole.confirmed.leaders
        ]
        assert resumed.confirmed.neighbourhood == whole.confirmed.neighbourhood
        assert searched(resumed) == searched(whole)


def moments(entries: Sequence[Entry]) -> list[int]:
    return [a.seq for a, b in pairwise(entries) if not isinstance(a.event, ev.Created)]


def test_the_search_can_go_on_after_a_confirmation_was_cut_off() -> None:
    noisy = study().run(executor=pool(), budget=rung.Budget(trials=20))
    noisy.confirm(executor=pool(), top=3, seeds=2)
    entries = list(noisy.events())
    n = next(
        n for n, e in enumerate(entries) if isinstance(e.event, ev.Created) and e.event.confirms is not None
    )
    resumed = reopened(entries[: n + 6]).run(executor=pool(), budget=rung.Budget(trials=40))
    assert len(resumed.trials) == 40
    validate(resumed.state)


def test_failed_and_lost_repetitions_are_counted_and_hold_nobody_up() -> None:
    lost = study().run(executor=pool(), budget=rung.Budget(trials=40))
    found = lost.confirm(executor=pool(losses_per_hour=200.0), top=3, seeds=4)
    assert found.n == sum(leader.measured.n for leader in found.leaders)
    assert found.n_running == 0
    worst = max(float(str(lost.state.trials[leader].config["x"])) for leader in leaders(lost.state, 3))
    again = study().run(executor=pool(), budget=rung.Budget(trials=40))
    failing = again.confirm(executor=pool(Noisy(fails=worst - 1e-9)), top=3, seeds=4)
    assert [leader.measured.n_failed for leader in failing.leaders][-1] >= 2
    assert failing.best.measured.n_failed == 0
    assert again.state.counts["failed"] == 0
    assert "failed" in str(failing)
    validate(again.state)


def test_neighbours_are_near_the_winner_and_tell_whether_it_was_a_lucky_point() -> None:
    smooth = study().run(executor=pool(Noisy(0.01)), budget=rung.Budget(trials=20))
    found = smooth.confirm(executor=pool(Noisy(0.01)), seeds=3, neighbours=6)
    near = [each for each in repetitions(smooth) if each.source == "neighbour"]
    assert len(near) == 6
    assert {each.confirms for each in near} == {found.best.trial}
    winner = float(str(found.best.config["x"]))
    assert all(0 < abs(float(str(each.config["x"])) - winner) < 0.3 for each in near)
    assert found.neighbourhood is not None and not found.neighbourhood.is_outlier
    assert "no lucky point" in str(found)


class Spike(Noisy):
    """Nobody but the one configuration that was enqueued does well."""

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        metrics, seconds = super().__call__(config, resource, seed)
        return {"loss": float(str(metrics["loss"])) - 2 * (config["x"] == 0.25)}, seconds


def test_a_winner_that_stands_out_of_its_neighbourhood_is_told() -> None:
    lucky = study()
    lucky.enqueue({"x": 0.25, "kind": "a"})
    lucky.run(executor=pool(Spike(0.05)), budget=rung.Budget(trials=20))
    found = lucky.confirm(executor=pool(Spike(0.05)), seeds=3, neighbours=6)
    assert found.best.config["x"] == 0.25
    assert found.neighbourhood is not None and found.neighbourhood.is_outlier
    assert found.neighbourhood.gap > 1


def test_instances_are_fresh_ones_and_folds_the_same_with_another_seed() -> None:
    for unit, resources in (("instance", range(MAX + 1, 3 * MAX + 1)), ("fold", range(1, MAX + 1))):
        problem = Noisy()
        many = study(resource=rung.Replicates(unit)).run(
            executor=pool(problem), budget=rung.Budget(trials=20)
        )
        problem.asked.clear()
        found = many.confirm(executor=pool(problem), top=2, seeds=2)
        assert sorted({resource for _, resource, _ in problem.asked}) == list(resources)
        assert found.units == 4 * MAX
        validate(many.state)


def test_parts_of_the_data_are_trained_anew_in_whole() -> None:
    parts = study(resource=rung.Fraction()).run(executor=pool(), budget=rung.Budget(trials=20))
    found = parts.confirm(executor=pool(losses_per_hour=100.0), top=2, seeds=2)
    assert {each.measured.n for each in found.leaders} == {2}
    validate(parts.state)


def test_what_a_person_asks_for_is_none_of_the_searchs_budget() -> None:
    spent = study().run(executor=pool(), budget=rung.Budget(resource=60))
    assert spent.state.account.resource == 60
    assert spent.confirm(executor=pool(), top=2, seeds=2).units == 4 * MAX
    poor = study().run(executor=pool(), budget=rung.Budget(worker_seconds=60.0))
    assert poor.confirm(executor=pool(), top=2, seeds=2).n == 4


def test_real_workers_confirm_too_and_training_without_chance_comes_to_the_same() -> None:
    real = simulated("asha").run(train, workers=2, budget=rung.Budget(trials=8))
    found = real.confirm(train, workers=2, top=2, seeds=3)
    assert [leader.measured.n for leader in found.leaders] == [3, 3]
    assert all(leader.measured.low == pytest.approx(leader.measured.high) for leader in found.leaders)
    assert [each.is_real for each in found.differences] == [True]
    assert real.replay().first is None


def test_the_model_of_the_confirmed_best_is_kept_and_no_other_of_a_leader(tmp_path: Path) -> None:
    noisy = rung.Study(
        "saved", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=3), store=tmp_path / "s.db", seed=2
    )
    noisy.run(training, executor=rung.InProcess(), budget=rung.Budget(trials=12))
    before = noisy.best.number
    found = noisy.confirm(training, executor=rung.InProcess(), top=4, seeds=3)
    assert found.best.trial != before
    folder = noisy.best_checkpoint
    assert folder is not None
    first = next(m for m in repetitions(noisy) if (m.confirms, m.repetition) == (found.best.trial, 1))
    assert (folder / "model").read_text() == f"{found.best.config['x']} {first.seed} 3"
    kept = [record.number for record in noisy.state.trials if record.repetition and record.checkpoints]
    assert kept == [first.trial]


def training(trial: rung.Trial) -> None:
    _ = trial.checkpoint
    for epoch in trial.steps():
        x = float(str(trial.config["x"]))
        noise = rng(trial.seed, "noise", int(x * 1e9)).standard_normal()
        model = f"{x} {trial.seed} {epoch}"
        trial.report(loss=x + noise + 1 / epoch, save=partial(save, model))


def save(model: str, folder: Path) -> None:
    (folder / "model").write_text(model)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"top": 0}, "top must be"),
        ({"seeds": 0}, "seeds must be"),
        ({"neighbours": -1}, "neighbours must be"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(options: dict[str, int], sentence: str) -> None:
    noisy = study().run(executor=pool(), budget=rung.Budget(trials=5))
    n = noisy.state.seq
    with pytest.raises(SpecError, match=sentence):
        noisy.confirm(executor=pool(), **options)  # type: ignore[arg-type]
    assert noisy.state.seq == n


def test_nothing_can_be_confirmed_before_there_is_a_result_nor_with_several_objectives() -> None:
    with pytest.raises(NoResultError, match="nothing to confirm"):
        study().confirm(executor=pool())
    two = rung.Study("two", SPACE, minimize=["loss", "size"], store=None)
    with pytest.raises(SpecError, match="one objective"):
        two.confirm(executor=pool())
    with pytest.raises(SpecError, match="one objective"):
        rung.Study("two", SPACE, minimize=["loss", "size"], store=None, confirm=0.1)


# The reserve

BUDGETS = [
    rung.Budget(resource=600),
    rung.Budget(trials=150),
    rung.Budget(seconds=400.0),
    rung.Budget(worker_seconds=600.0),
    rung.Budget(money=6.0, rates={"cpu": 36.0}),
]


@pytest.mark.parametrize("budget", BUDGETS, ids=["resource", "trials", "seconds", "worker seconds", "money"])
@pytest.mark.parametrize("workers", [1, 6])
def test_a_tenth_of_the_budget_confirms_the_leaders(budget: rung.Budget, workers: int) -> None:
    reserved = study(0.1).run(executor=pool(workers=workers), budget=budget)
    state, found = reserved.state, reserved.confirmed
    assert found.n >= 2
    assert 0.05 < state.confirmations.units / state.account.resource <= 0.1 + 1e-9
    assert budget.resource is None or state.account.resource <= budget.resource
    assert budget.trials is None or state.account.trials == budget.trials
    assert reserved.best.number == found.best.trial or found.n_running
    begun = next(e for e in reserved.events() if isinstance(e.event, ev.ConfirmBegun))
    later = [e.event for e in reserved.events() if e.seq > begun.seq]
    assert all(event.purpose == "confirm" for event in later if isinstance(event, ev.Started))
    validate(state)
    replayed = reserved.replay()
    assert (replayed.first, replayed.unknown) == (None, {})


def test_the_reserve_goes_wide_first_and_then_to_the_better_half() -> None:
    reserved = study(0.1).run(executor=pool(), budget=rung.Budget(resource=900))
    numbers = [each.repetition for each in repetitions(reserved)]
    assert numbers == sorted(numbers)
    assert [numbers.count(n) for n in sorted(set(numbers))] == [7, 3]
    means = {leader.trial: leader.measured for leader in reserved.confirmed.leaders}
    firsts = sorted(measured.values[1] for measured in means.values())
    assert all(means[trial].values[1] <= firsts[3] for trial in means if means[trial].n == 2)


@pytest.mark.parametrize("budget", BUDGETS[:3], ids=["resource", "trials", "seconds"])
def test_a_study_with_a_reserve_that_is_cut_off_in_it_ends_the_same(budget: rung.Budget) -> None:
    whole = study(0.1).run(executor=pool(workers=1), budget=budget)
    entries = list(whole.events())
    begun = next(n for n, e in enumerate(entries) if isinstance(e.event, ev.ConfirmBegun))
    for cut in [n for n in moments(entries) if n > begun][::9]:
        resumed = reopened(entries[:cut]).run(executor=pool(workers=1), budget=budget)
        validate(resumed.state)
        if budget.seconds is None:
            assert resumed.best == whole.best
            assert searched(resumed) == searched(whole)
            assert resumed.state.account.resource == whole.state.account.resource
        assert resumed.replay().first is None


def test_a_run_again_with_the_same_budget_adds_nothing_and_with_more_goes_on() -> None:
    reserved = study(0.1).run(executor=pool(), budget=rung.Budget(resource=400))
    best, spent = reserved.best, reserved.state.account.resource
    reserved.run(executor=pool(), budget=rung.Budget(resource=400))
    assert (reserved.best, reserved.state.account.resource) == (best, spent)
    reserved.run(executor=pool(), budget=rung.Budget(resource=800))
    state = reserved.state
    assert state.search_units > 600
    assert state.account.resource <= 800
    assert state.confirmations.units <= 80
    assert reserved.replay().first is None


def test_a_reserve_that_is_too_small_to_compare_two_is_left_to_the_search() -> None:
    small, plain = (study(c).run(executor=pool(), budget=rung.Budget(resource=100)) for c in (0.1, None))
    assert not repetitions(small)
    assert searched(small) == searched(plain)


def test_options_of_the_reserve_are_kept() -> None:
    chosen = study(rung.Confirm(0.3, top=2, seeds=3)).run(executor=pool(), budget=rung.Budget(resource=400))
    found = chosen.confirmed
    assert len(found.leaders) == 2
    assert found.best.measured.n == 3
    assert "confirm" not in study().spec.to_builtins()


@pytest.mark.parametrize("confirm", [0, 1.0, -0.1, True, "0.1"])
def test_a_reserve_that_makes_no_sense_is_refused(confirm: object) -> None:
    with pytest.raises(SpecError, match="confirm"):
        study(confirm)  # type: ignore[arg-type]


def test_ask_and_tell_come_to_the_reserve_too() -> None:
    with study(0.2) as asked:
        asked.set_budget(rung.Budget(resource=200))
        problem = Noisy()
        while (job := asked.ask()) is not None:
            for step in range(job.start + 1, job.target):
                asked.report(job, problem(job.config, step, job.seed)[0], step)
            asked.tell(job, problem(job.config, job.target, job.seed)[0])
        assert asked.confirmed.n >= 2
        assert asked.state.account.resource <= 200
        assert asked.replay().first is None


@pytest.mark.parametrize("tag", TAGS)
def test_every_scheduler_can_have_a_reserve_on_workers_that_are_lost(tag: str) -> None:
    budget = rung.Budget(resource=260)
    reserved = simulated(tag, confirm=0.2).run(executor=simulated_pool(), budget=budget)
    validate(reserved.state)
    assert reserved.state.account.resource <= 260
    assert reserved.state.confirmations.units <= 0.2 * 260
    replayed = reserved.replay()
    assert (replayed.first, replayed.unknown) == (None, {})


# Who is behind


def test_who_is_behind_is_told_by_pairs_and_by_failures() -> None:
    inf = float("inf")
    same = dict(enumerate([1.0, 2.0, 3.0, 4.0]))
    worse = {n: loss + 1 + 0.01 * n for n, loss in same.items()}
    noisy = {0: 4.0, 1: 0.5, 2: 3.5, 3: 3.0}
    assert fallen_behind({0: same, 1: worse, 2: noisy}) == {1}
    assert fallen_behind({0: same, 1: {0: 1.0, 1: inf, 2: inf, 3: 0.0}}) == {1}
    assert fallen_behind({0: same, 1: {0: 9.0, 1: 9.0}}) == set()


def test_a_log_with_confirmations_is_understood_when_it_is_read_again() -> None:
    whole = study(0.1).run(executor=pool(), budget=rung.Budget(resource=400))
    again = reopened(list(whole.events()))
    assert again.confirmed == whole.confirmed
    assert again.best == whole.best
    spec = StudySpec.from_builtins(whole.spec.to_builtins())
    assert spec.confirm == rung.Confirm(0.1)
