"""Objectives written for Optuna run unchanged, and their space is found before the study begins."""

import math
from pathlib import Path

import pytest

import rung
from integrations import objectives
from rung.integrations.optuna import optimize, probing, space_of, train_of, user_attrs
from rung.integrations.optuna.branches import space_of_runs
from rung.integrations.optuna.probe import Asked, Run
from rung.integrations.optuna.trial import Objective

BRANCH = rung.Choice({"True": {"rate": rung.Float(0.1, 0.5, step=0.1)}, "False": {}})


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience with what is silent."""
    monkeypatch.setattr(probing, "PATIENCE_S", 0.3)
    monkeypatch.setattr(probing, "_LEAST_PATIENCE_S", 0.3)
    monkeypatch.setattr(probing, "_KILL_S", 0.7)


# What is found by probing


def test_a_loop_is_found_at_its_longest_and_a_switch_opens_a_branch() -> None:
    assert space_of(objectives.network) == rung.Space(
        layers=rung.Int(1, 3),
        units_0=rung.Int(4, 64, log=True),
        units_1=rung.Int(4, 64, log=True),
        units_2=rung.Int(4, 64, log=True),
        lr=rung.Float(1e-4, 1.0, log=True),
        drop=BRANCH,
    )


def test_hyperparameters_of_a_branch_stand_in_it() -> None:
    assert space_of(objectives.same_name_in_two_branches) == rung.Space(
        optimizer=rung.Choice(
            {"sgd": {"lr": rung.Float(1e-2, 1.0, log=True)}, "adam": {"lr": rung.Float(1e-5, 1e-3, log=True)}}
        )
    )


def test_what_hangs_on_two_choices_at_once_stands_where_nothing_is_missed() -> None:
    found = space_of(objectives.nested)
    assert found.parameters["scaled"] == rung.Choice((False, True))
    assert found.parameters["scale"] == rung.Float(0.1, 10.0)
    assert found.parameters["model"] == rung.Choice(
        {
            "tree": {},
            "net": {"optimizer": rung.Choice({"adam": {}, "sgd": {"momentum": rung.Float(0.0, 0.9)}})},
        }
    )


def test_a_range_that_no_option_explains_is_told() -> None:
    with pytest.raises(
        rung.SpecError, match=r"'chosen' with several ranges, Int.*suggest a share of the range"
    ):
        space_of(objectives.range_by_another)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("objective", [objectives.silent_training, objectives.unreachable])
def test_a_silent_training_is_cut_when_it_asks_for_nothing_more(objective: Objective) -> None:
    assert space_of(objective) == rung.Space(x=rung.Float(0.0, 1.0))


def test_an_objective_that_always_fails_is_shown_with_its_traceback() -> None:
    with pytest.raises(rung.ObjectiveError, match=r"fails whatever it is answered.*KeyError: 'data'") as told:
        space_of(objectives.broken)
    assert "objectives.py" in told.value.traceback


def test_an_objective_that_asks_for_nothing_is_told() -> None:
    with pytest.raises(rung.SpecError, match="asked for no hyperparameter"):
        space_of(objectives.asks_for_nothing)


def test_what_only_an_unfinished_run_lacks_is_not_conditional() -> None:
    def asked(name: str, option: int | None) -> Asked:
        parameter = rung.Float(0.0, 1.0) if option is None else rung.Choice(["a", "b"])
        return Asked(name, parameter, 0.5 if option is None else "ab"[option], option, False)

    whole, failed = [asked("c", 0), asked("x", None)], [asked("c", 1)]
    runs = [Run(whole, "returned"), Run(failed, "failed")]
    assert space_of_runs(runs) == rung.Space(c=rung.Choice(["a", "b"]), x=rung.Float(0.0, 1.0))
    runs = [Run(whole, "returned"), Run(failed, "reported")]
    assert space_of_runs(runs) == rung.Space(c=rung.Choice({"a": {"x": rung.Float(0.0, 1.0)}, "b": {}}))


# Running


def test_the_same_objective_runs_in_optuna_and_in_rung() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    theirs = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    theirs.optimize(objectives.quadratic, n_trials=30)
    ours = optimize(objectives.quadratic, trials=30, workers=2)
    assert theirs.best_value < 1 and ours.best_value is not None and ours.best_value < 1
    for trial in ours.trials:
        assert trial.value == objectives.quadratic(optuna.trial.FixedTrial(trial.config))


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_classifier_of_the_readme_is_tuned_with_its_branches() -> None:
    pytest.importorskip("sklearn")
    study = optimize(objectives.classifier, direction="maximize", trials=8, workers=2)
    assert {frozenset(trial.config) for trial in study.trials} == {
        frozenset({"classifier", "svc_c"}),
        frozenset({"classifier", "rf_max_depth"}),
    }
    assert study.best_value is not None and study.best_value > 0.9


def test_an_objective_that_prunes_gets_a_scheduler_that_stops() -> None:
    optuna = pytest.importorskip("optuna")
    study = optimize(objectives.network_of_optuna, trials=20, workers=2)
    assert study.spec.scheduler_spec() == rung.StoppingASHA(max_resource=9)
    assert {trial.status for trial in study.trials} == {"stopped", "complete"}
    for trial in study.trials:
        if trial.status == "complete":
            config = {**trial.config, "drop": trial.config["drop"] == "True"}
            assert trial.value == objectives.network(optuna.trial.FixedTrial(config))
            assert user_attrs(study)[trial.number] == {
                "width": sum(config[f"units_{number}"] for number in range(config["layers"]))
            }


@pytest.mark.parametrize(
    "scheduler",
    [
        rung.FIFO(max_resource=9),
        rung.StoppingASHA(max_resource=9),
        rung.ASHA(max_resource=8, eta=2),
        rung.FIFO(),
        rung.ASHA(max_resource=12, min_resource=3, eta=2),
    ],
)
@pytest.mark.parametrize("executor", [rung.InProcess(), rung.Local(workers=2)])
@pytest.mark.filterwarnings("ignore")
def test_every_scheduler_and_executor_runs_it(scheduler: object, executor: object) -> None:
    space = {
        **{f"units_{number}": rung.Int(4, 64, log=True) for number in range(3)},
        "layers": rung.Int(1, 3),
        "lr": rung.Float(1e-4, 1.0, log=True),
        "drop": BRANCH,
    }
    study = optimize(objectives.network, space=space, trials=8, scheduler=scheduler, executor=executor)
    assert len(study.trials) == 8
    assert not any(trial.failure for trial in study.trials)
    assert any(trial.status == "complete" for trial in study.trials)


def test_sparse_steps_count_for_the_levels_below_them_and_the_return_for_the_last() -> None:
    study = optimize(objectives.sparse, trials=1, executor=rung.Local(workers=1))
    assert study.spec.scheduler_spec() == rung.StoppingASHA(max_resource=30)
    x = study.trials[0].config["x"]
    reports = {
        entry.event.resource: entry.event.metrics["value"]
        for entry in study.events()
        if type(entry.event).__name__ == "Reported"
    }
    first, second = x + 1 / 10, x + 1 / 20
    assert reports == {1: first, 3: first, 9: first, 10: first, 20: second, 27: x, 30: x}


def test_every_way_to_suggest_and_every_kind_of_option_works() -> None:
    study = optimize(objectives.of_all_kinds, trials=20, workers=2)
    assert not any(trial.failure for trial in study.trials)
    assert {trial.config["hidden"] for trial in study.trials} == {"(50,)", "(100, 50)"}
    assert {trial.config["none"] for trial in study.trials} == {None, "balanced", 3}


def test_several_values_are_several_objectives() -> None:
    study = optimize(objectives.front, direction={"size": "minimize", "error": "minimize"}, trials=10)
    assert all(set(trial.values) == {"size", "error"} for trial in study.trials)
    mixed = optimize(objectives.front, direction=["maximize", "minimize"], trials=4)
    for trial in mixed.trials:
        assert trial.values == {"value_0": trial.config["x"], "value_1": (1 - trial.config["x"]) ** 2}


def test_a_study_in_a_store_goes_on_without_probing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "rung.db"
    first = optimize(objectives.network, name="net", trials=4, store=store, workers=2)
    known = [trial.config for trial in first.trials]
    first.close()
    monkeypatch.delattr("rung.integrations.optuna.running.probe")
    second = optimize(objectives.network, name="net", trials=8, store=store, workers=2)
    assert [trial.config for trial in second.trials][:4] == known
    assert len(second.trials) == 8
    assert second.spec.scheduler_spec() == rung.StoppingASHA(max_resource=9)


def test_a_study_made_by_hand_runs_it() -> None:
    study = rung.Study("by hand", space_of(objectives.front), minimize="error", maximize="size", store=None)
    study.run(train_of(objectives.front, study, ["size", "error"]), workers=2, budget=rung.Budget(trials=3))
    assert all(trial.values["size"] == trial.config["x"] for trial in study.trials)
    with pytest.raises(rung.SpecError, match="in the order in which the objective returns"):
        train_of(objectives.front, study, ["size"])


def test_trials_that_give_themselves_up_fail_and_the_study_goes_on() -> None:
    study = optimize(objectives.infeasible, space={"x": rung.Float(0.0, 1.0)}, trials=30, workers=2)
    for trial in study.trials:
        assert (trial.failure is None) == (trial.config["x"] <= 0.2)
    assert any(trial.failure for trial in study.trials[:3])


def test_an_objective_that_never_asks_is_ended_at_its_next_report() -> None:
    space = {"x": rung.Float(0.0, 1.0)}
    study = optimize(
        objectives.deaf, space=space, trials=12, scheduler=rung.StoppingASHA(max_resource=9), workers=2
    )
    assert {trial.status for trial in study.trials} == {"stopped", "complete"}
    assert optimize(objectives.deaf, trials=2).spec.scheduler_spec() == rung.FIFO(max_resource=9)


# What cannot be


def test_a_hyperparameter_that_probing_missed_ends_the_study_with_the_space_that_mends_it() -> None:
    space = {"x": rung.Float(0.2, 0.201)}
    with pytest.raises(
        rung.MisuseError, match="asks for 'surprise', which the study's space does not have"
    ) as told:
        optimize(objectives.rare, space=space, trials=50, executor=rung.InProcess())
    assert "space={'x': Float(low=0.2, high=0.201), 'surprise': Float(low=0.0, high=1.0)}" in str(told.value)


def test_a_space_that_does_not_fit_the_objective_is_told() -> None:
    with pytest.raises(rung.MisuseError, match=r"x must be a number from -10.0 to 10.0, got .*must agree"):
        optimize(
            objectives.quadratic, space={"x": rung.Float(20.0, 30.0)}, trials=3, executor=rung.InProcess()
        )


@pytest.mark.usefixtures("quick")
def test_how_long_a_training_is_must_be_said_where_probing_cannot_tell() -> None:
    with pytest.raises(rung.SpecError, match=r"endless prunes.*StoppingASHA\(max_resource=100\)"):
        optimize(objectives.endless, trials=3)


@pytest.mark.usefixtures("quick")
def test_pruning_that_probing_did_not_see_is_told_at_the_first_trial() -> None:
    with pytest.raises(rung.MisuseError, match=r"which probing was too short to see.*max_resource=100"):
        optimize(objectives.slow_pruning, trials=3, executor=rung.InProcess())


def test_what_trials_cannot_know_is_told() -> None:
    with pytest.raises(rung.ObjectiveError, match=r"trial\.study\.best_value is not there under rung"):
        optimize(objectives.looks_at_the_study, direction="maximize", trials=3)


def test_a_direction_that_is_none_is_told() -> None:
    with pytest.raises(rung.SpecError, match=r"direction is .minimize. or .maximize..*got 'smaller'"):
        optimize(objectives.quadratic, direction="smaller")


def test_reports_are_for_one_objective() -> None:
    def objective(trial: object) -> tuple[float, float]:
        trial.report(math.pi, 0)
        return 1.0, 2.0

    with pytest.raises(rung.MisuseError, match="is for one objective, as in Optuna"):
        optimize(
            objective,
            direction=["minimize", "minimize"],
            space={"x": rung.Float(0.0, 1.0)},
            executor=rung.InProcess(),
        )
