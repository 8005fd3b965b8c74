"""The path to the incumbent: the largest gains first, choices with what they open."""

import pytest

import rung
from rung.analysis.ablation import ablation

from .tuned import tuned

SPACE = {
    "large": rung.Float(0, 1, default=1.0),
    "small": rung.Float(0, 1, default=1.0),
    "none": rung.Float(0, 1, default=0.5),
}


def value(large: float, small: float, none: float, resource: int) -> float:
    return 4 * large + small


def test_the_largest_gain_comes_first_and_gains_add_up() -> None:
    found = ablation(tuned(SPACE, value, trials=200))
    assert found.start == {"large": 1.0, "small": 1.0, "none": 0.5}
    assert found.start_is == "the defaults"
    assert [step.labels for step in found.steps] == [("large",), ("small",), ("none",)]
    assert found.steps[0].gain > 2.5
    assert abs(found.steps[2].gain) < 0.15
    assert found.steps[0].before == {"large": 1.0}
    assert found.steps[0].after == {"large": found.end["large"]}
    assert sum(step.gain for step in found.steps) == pytest.approx(found.start_value - found.end_value)
    assert found.steps[-1].value == pytest.approx(found.end_value)


def test_gains_are_positive_for_better_also_where_more_is_better() -> None:
    found = ablation(
        tuned(SPACE, lambda resource, **config: -value(resource=0, **config), maximize=True, trials=200)
    )
    assert found.steps[0].labels == ("large",)
    assert found.steps[0].gain > 2.5
    assert found.end_value > found.start_value


def test_a_choice_changes_with_what_it_opens_and_closes() -> None:
    branches = {"a": {"x": rung.Float(0, 1, default=0.5)}, "b": {"y": rung.Float(0, 1, default=0.5)}}
    space = {"kind": rung.Choice(branches, default="a"), "z": rung.Float(0, 1, default=0.9)}

    def conditional(kind: str, z: float, resource: int, x: float = 9.0, y: float = 9.0) -> float:
        return (5 + x if kind == "a" else y) + z

    found = ablation(tuned(space, conditional, trials=150))
    first, second = found.steps
    assert first.labels == ("kind", "x", "y")
    assert first.before == {"kind": "a", "x": 0.5}
    assert first.after == {"kind": "b", "y": found.end["y"]}
    assert second.labels == ("z",)


def test_without_all_defaults_the_path_begins_at_the_median_trial() -> None:
    space = {"large": rung.Float(0, 1), "small": rung.Float(0, 1), "none": rung.Float(0, 1)}
    study = tuned(space, value, trials=61)
    found = ablation(study)
    losses = sorted(trial.value for trial in study.trials if trial.value is not None)
    median = next(trial for trial in study.trials if trial.value == losses[30])
    assert found.start == median.config
    assert found.start_is == f"the values of trial {median.number}, the median,"


def test_no_difference_and_foreign_starts_are_said() -> None:
    study = tuned(SPACE, value, trials=20)
    with pytest.raises(rung.NoResultError, match="there is no path: the values given are what the incumbent"):
        ablation(study, start=study.best_config)
    with pytest.raises(rung.ConfigurationError, match="large is missing"):
        ablation(study, start={"small": 0.5, "none": 0.5})


def test_after_a_change_of_the_space_the_path_leads_through_what_lies_inside() -> None:
    study = tuned({"large": rung.Float(0, 1), "small": rung.Float(0, 1)}, value_of_two, trials=60)
    study.change_space(
        {"large": rung.Float(0, 1), "small": rung.Float(0, 1), "new": rung.Float(0, 1, default=0.5)}
    )
    found = ablation(study)
    assert found.start_is.endswith("the median,")
    assert (found.start["new"], found.end["new"]) == (0.5, 0.5)
    study.change_space({**study.space.parameters, "large": rung.Float(0.5, 1)})
    with pytest.raises(rung.NoResultError, match="lies outside the space since that was changed"):
        ablation(study)


def value_of_two(large: float, small: float, resource: int) -> float:
    return 4 * large + small
