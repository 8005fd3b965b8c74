"""What a person reads of a study with constraints or several objectives."""

from pathlib import Path

import msgspec
import pytest

import rung
from rung.core import event as ev
from rung.core.constraint import INFEASIBLE
from rung.core.errors import MismatchError, MisuseError
from rung.results import n_feasible
from rung.spec import StudySpec
from rung.summary import Summary, summary

SPACE = rung.Space(x=rung.Float(0.0, 1.0))
LIMIT = rung.Constraint("latency", upper=0.5)


def train(trial: rung.Trial) -> None:
    """The best x is 1, but latency is x."""
    x = trial.config["x"]
    for step in trial.steps():
        trial.report(loss=1 - x + 1 / step, size=x * x, latency=x)


def study(*xs: float, scheduler: object = None, **options: object) -> rung.Study:
    """A study of these configurations."""
    given = {"minimize": "loss", "constraints": [LIMIT], "store": None, **options}
    found = rung.Study("limited", SPACE, scheduler=scheduler or rung.ASHA(max_resource=3), **given)
    for x in xs:
        found.enqueue({"x": x})
    if xs:
        found.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=len(xs)))
    return found


def test_the_best_is_feasible_and_nothing_that_breaks_the_limit_was_trained_on_while_others_could_be() -> (
    None
):
    found = study(0.9, 0.3, 0.8, 0.4, 0.2, 1.0)
    assert [trial.number for trial in found.trials if trial.resource == 3] == [1, 3]
    assert (found.best.number, found.best.feasible) == (3, True)
    assert found.best.values == {"loss": pytest.approx(0.6 + 1 / 3), "latency": 0.4}
    assert n_feasible(found.state) == (3, 6)


def test_where_nobody_is_feasible_the_best_is_who_comes_nearest_and_says_what_it_breaks() -> None:
    found = study(0.9, 0.7, 0.8)
    assert found.best.number == 1
    assert found.best.broken == ["latency at most 0.5"]
    assert "breaks latency at most 0.5" in str(found.best)
    assert "breaks" in found.best._repr_html_()
    assert "0 of 3 trials (0 %)" in found._repr_html_()


def test_a_feasible_trial_is_best_though_others_were_trained_further() -> None:
    """The limit is kept at the first level only."""

    def worsens(trial: rung.Trial) -> None:
        for step in trial.steps():
            trial.report(loss=trial.config["x"], latency=0.5 if trial.config["x"] > 0.5 else 0.4 * step)

    found = study()
    for x in (0.1, 0.7, 0.2):
        found.enqueue({"x": x})
    found.run(worsens, executor=rung.InProcess(), budget=rung.Budget(trials=3))
    assert [trial.resource for trial in found.trials] == [3, 1, 1]
    assert (found.best.number, found.best.resource, found.best.feasible) == (0, 1, True)
    assert found.best.values["latency"] == 0.4
    assert not found.trials[0].feasible


def test_the_front_is_that_of_the_feasible_ones() -> None:
    xs = (0.9, 0.3, 0.8, 0.4, 0.2)
    found = study(*xs, scheduler=rung.FIFO(max_resource=2), minimize=["loss", "size"])
    assert [trial.number for trial in found.front] == [1, 3, 4]
    nobody = study(0.9, 0.7, 0.8, scheduler=rung.FIFO(max_resource=2), minimize=["loss", "size"])
    assert [(trial.number, trial.feasible) for trial in nobody.front] == [(1, False)]


def test_frames_have_the_constrained_metric_and_whether_it_keeps_its_limit() -> None:
    pytest.importorskip("pandas")
    frame = study(0.9, 0.3, 0.8).to_frame()
    assert list(frame.columns[4:7]) == ["loss", "latency", "feasible"]
    assert frame.feasible.tolist() == [False, True, False]
    assert frame.latency.tolist() == [0.9, 0.3, 0.8]


def test_a_summary_keeps_what_it_says_of_feasibility() -> None:
    found = study(0.9, 0.3, 0.8)
    known = summary(found.state, found.name)
    assert known.metrics == ("loss", "latency")
    assert known.feasible == "1 of 3 trials (33 %), with latency at most 0.5"
    assert Summary.decode(known.encode()) == known


def test_a_report_without_a_constrained_metric_is_refused_with_an_example() -> None:
    def forgets(trial: rung.Trial) -> None:
        for _ in trial.steps():
            trial.report(loss=1.0)

    words = (
        "lacks 'latency', which a constraint .*; it holds 'loss'. Say trial.report\\(loss=..., latency=...\\)"
    )
    with pytest.raises(MisuseError, match=words):
        study().run(forgets, executor=rung.InProcess(), budget=rung.Budget(trials=1))
    asked = study()
    job = asked.ask()
    with pytest.raises(MisuseError, match="latency was never reported"):
        asked.tell(job, {"loss": 0.5})


def test_constraints_stand_in_the_log_and_cannot_change(tmp_path: Path) -> None:
    store = tmp_path / "rung.db"
    with study(0.9, 0.3, store=store) as first:
        opened = next(entry.event for entry in first.events() if isinstance(entry.event, ev.Opened))
        assert opened.spec["constraints"] == [{"metric": "latency", "upper": 0.5}]
    with rung.Study.load("limited", store) as again:
        assert again.spec.constraints == (LIMIT,)
        assert again.best.number == 1
    with pytest.raises(MismatchError, match="other constraints"):
        study(store=store, constraints=[])


def test_a_study_without_constraints_is_written_as_before() -> None:
    spec = study(constraints=[]).spec
    assert "constraints" not in spec.to_builtins()
    assert StudySpec.from_builtins(spec.to_builtins()) == spec
    assert study(0.3, constraints=[]).history.violations.shape == (1, 0)


def test_losses_in_results_and_history_are_raw() -> None:
    found = study(0.9, 0.7, 0.8)
    assert found.history.losses.max() < INFEASIBLE
    assert max(trial.value or 0.0 for trial in found.trials) < 2
    assert msgspec.json.encode(found.best.values)


@pytest.mark.parametrize(
    "scheduler", [rung.MedianStopping(9, min_trials=1), rung.PercentileStopping(9, min_trials=1)]
)
def test_stopping_rules_stop_who_breaks_the_limit_and_not_who_did_so_early(scheduler: object) -> None:
    """Trial 0 breaks the limit at first and then keeps it; who only ever breaks it is stopped, who is worse not."""

    def late(trial: rung.Trial) -> None:
        x = trial.config["x"]
        for step in trial.steps():
            trial.report(loss=x + 1 / step, latency=1.0 if step < 3 or x > 0.5 else 0.1)

    found = study(scheduler=scheduler)
    for x in (0.3, 0.9, 0.2, 0.4):
        found.enqueue({"x": x})
    found.run(late, executor=rung.InProcess(), budget=rung.Budget(trials=4))
    assert [trial.status for trial in found.trials] == ["complete", "stopped", "complete", "stopped"]
    assert "breaks the constraints" in found.trials[1].why
    assert "its best, 0.7333" in found.trials[3].why


def front_of(*xs: float) -> rung.Study:
    """Two objectives, one to maximize: size 1 - x, and x * x."""

    def both(trial: rung.Trial) -> None:
        x = trial.config["x"]
        trial.report(loss=1 - x, speed=1 - x * x)

    found = rung.Study("both", SPACE, minimize="loss", maximize="speed", store=None)
    for x in xs:
        found.enqueue({"x": x})
    found.run(both, executor=rung.InProcess(), budget=rung.Budget(trials=len(xs)))
    return found


def test_a_compromise_is_a_trial_of_the_front_that_weights_move() -> None:
    found = front_of(0.0, 0.2, 0.5, 0.9, 1.0)
    assert found.compromise().number == 2
    assert found.compromise({"loss": 9, "speed": 1}).number == 3
    assert found.compromise({"speed": 9, "loss": 1}).number == 1
    assert "trial 2" in found._repr_html_()
    assert summary(found.state, "both").knee == 2
    assert Summary.decode(summary(found.state, "both").encode()) == summary(found.state, "both")


def test_the_hypervolume_lies_between_the_front_and_a_reference_in_the_words_of_the_user() -> None:
    found = front_of(0.5, 1.0)
    assert found.hypervolume({"loss": 1.0, "speed": 0.0}) == pytest.approx(0.5 * 0.75)
    assert found.hypervolume({"loss": 1.0, "speed": -1.0}) == pytest.approx(0.5 * 1.75 + 0.5 * 1.0)
    assert found.hypervolume() == 0.0
    assert front_of(0.5, 0.2, 1.0).hypervolume() == pytest.approx((0.8 - 0.5) * 0.75)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ({"loss": 1}, "weights must be given for loss, speed, got loss"),
        ({"loss": 1, "sped": 1}, "weights must be given for loss, speed, got loss, sped"),
        ({"loss": -1, "speed": 1}, "weights of a compromise must be 2 numbers of at least 0"),
        ({"loss": 1, "speed": "2"}, "weights must be finite numbers, got speed='2'"),
        ([1, 2], "weights must be given for loss, speed, got "),
    ],
)
def test_weights_that_make_no_sense_are_refused_in_a_sentence(weights: object, sentence: str) -> None:
    with pytest.raises(rung.SpecError) as refused:
        front_of(0.2, 0.8).compromise(weights)  # type: ignore[arg-type]
    assert str(refused.value).startswith(sentence)


def test_one_objective_has_neither_a_compromise_nor_a_hypervolume() -> None:
    found = study(0.3, 0.4)
    with pytest.raises(rung.NoResultError, match=r"has one objective, 'loss': its best needs no compromise"):
        found.compromise()
    with pytest.raises(rung.NoResultError, match=r"so it has a best trial and no front"):
        found.hypervolume()
    with pytest.raises(rung.SpecError, match=r"a reference is for several objectives"):
        found.hypervolume({"loss": 1.0})
