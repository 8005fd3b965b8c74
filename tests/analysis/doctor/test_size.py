"""What was searched: hyperparameters without effect, too few trials, defaults, repetitions."""

import pytest

import rung
from analysis.tuned import tuned
from rung.analysis.data import read
from rung.analysis.doctor.case import Case
from rung.analysis.doctor.finding import CannotTellError
from rung.analysis.doctor.size import defaults, duplicates, trials, unimportant

SPACE = {"x": rung.Float(0, 1), "y": rung.Float(0, 1), "idle": rung.Float(0, 1)}


def test_what_does_not_matter_is_named_and_what_matters_is_not() -> None:
    (found,) = unimportant(Case(read(tuned(SPACE, lambda x, y, idle, resource: x + y, trials=200))))
    assert found.evidence["hyperparameters"] == "idle"
    assert found.sentence.startswith("idle does not matter at 1 step: at most ")


def test_what_matters_only_among_the_good_ones_is_not_called_useless() -> None:
    def value(x: float, y: float, idle: float, resource: int) -> float:
        return 100.0 if x > 0.6 else 2 * y + idle  # beside the cliff, idle seems to do nothing

    assert list(unimportant(Case(read(tuned(SPACE, value, trials=200))))) == []


def test_where_configurations_explain_little_nothing_is_called_useless() -> None:
    case = Case(read(tuned(SPACE, lambda x, y, idle, resource: 0.0, noise=1.0, trials=100)))
    with pytest.raises(CannotTellError, match="explain too little of loss"):
        list(unimportant(case))


def test_ten_trials_for_each_active_hyperparameter_are_usual() -> None:
    branches = {
        "a": {"p": rung.Float(0, 1), "q": rung.Float(0, 1)},
        "b": {"r": rung.Float(0, 1), "s": rung.Float(0, 1)},
    }
    space = {"kind": rung.Choice(branches)}
    (found,) = trials(Case(read(tuned(space, lambda resource, **config: 0.0, trials=29))))
    assert (found.evidence["hyperparameters"], found.evidence["usual"]) == (3, 30)
    assert list(trials(Case(read(tuned(space, lambda resource, **config: 0.0, trials=30))))) == []


def test_a_grid_is_as_large_as_it_is() -> None:
    study = tuned({"x": rung.Int(1, 3)}, lambda x, resource: x, searcher=rung.GridSearch(), trials=3)
    with pytest.raises(CannotTellError, match="a grid"):
        list(trials(Case(read(study))))


def with_defaults(value) -> Case:
    space = {"x": rung.Float(0, 1, default=0.9), "y": rung.Float(0, 1, default=0.5)}
    return Case(read(tuned(space, value, trials=40)))


def test_defaults_that_fail_or_are_among_the_worst_are_found() -> None:
    def failing(x: float, y: float, resource: int) -> float:
        if x == 0.9:
            raise ValueError("bad default")
        return x

    (found,) = defaults(with_defaults(failing))
    assert found.sentence == "The defaults do not train: trial 0 failed with ValueError: bad default."
    (found,) = defaults(with_defaults(lambda x, y, resource: 100 * (x == 0.9) + y))
    assert found.evidence["better"] == found.evidence["others"] == 39


def test_defaults_that_are_merely_not_the_best_are_left_alone() -> None:
    assert list(defaults(with_defaults(lambda x, y, resource: abs(x - 0.3)))) == []
    with pytest.raises(CannotTellError, match="not every hyperparameter has a default"):
        list(defaults(Case(read(tuned(SPACE, lambda x, y, idle, resource: x)))))


def test_configurations_that_repeat_are_found_in_a_small_space_only() -> None:
    (found,) = duplicates(
        Case(
            read(
                tuned(
                    {"k": rung.Choice(["a", "b", "c"])},
                    lambda k, resource: 0.0,
                    trials=30,
                    duplicates="replicate",
                )
            )
        )
    )
    assert found.evidence["repeated"] == 27
    assert found.advice == "The space has only 3 configurations: GridSearch tries each once."
    assert list(duplicates(Case(read(tuned(SPACE, lambda x, y, idle, resource: x))))) == []
