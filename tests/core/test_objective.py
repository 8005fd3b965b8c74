import math

import numpy as np
import pytest

from rung.core.errors import MisuseError, SpecError
from rung.core.objective import Objective, divergence, losses, number, objectives


def test_lower_is_better_inside_whatever_the_user_wants() -> None:
    goals = objectives("loss", ["accuracy", "f1"])
    assert losses(goals, {"loss": 0.3, "accuracy": 0.9, "f1": 0.8, "seconds": 4.0}) == (0.3, -0.9, -0.8)
    assert [goal.value(loss) for goal, loss in zip(goals, (0.3, -0.9, -0.8), strict=True)] == [0.3, 0.9, 0.8]


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("word", ["nan", "inf", "-inf"])
def test_a_value_that_is_not_finite_is_the_worst_in_either_direction(word: str, maximize: bool) -> None:
    goals = (Objective("loss", maximize=maximize),)
    assert losses(goals, {"loss": word}) == (math.inf,)
    assert divergence(goals, {"loss": word}) == f"loss is {word}"


def test_a_report_that_lacks_an_objective_has_no_losses() -> None:
    assert losses(objectives(["a", "b"], None), {"a": 1.0}) is None


@pytest.mark.parametrize(("maximize", "fine", "worse"), [(False, 10.0, 10.5), (True, 10.0, 9.5)])
def test_a_value_worse_than_its_limit_has_diverged_and_one_at_the_limit_has_not(
    maximize: bool, fine: float, worse: float
) -> None:
    goals = (Objective("score", maximize=maximize, diverges_at=10.0),)
    assert divergence(goals, {"score": fine}) is None
    assert divergence(goals, {"score": worse}) == f"score is {worse:g}, worse than the limit of 10"


def test_limits_of_divergence_belong_to_their_metrics() -> None:
    goals = objectives("loss", "accuracy", {"accuracy": 0.1})
    assert [goal.diverges_at for goal in goals] == [None, 0.1]
    with pytest.raises(SpecError, match=r"diverges_at names \['acc'\]"):
        objectives("loss", None, {"acc": 0.1})
    with pytest.raises(SpecError, match="diverges_at is one number, but there are 2 objectives"):
        objectives(["a", "b"], None, 3.0)


@pytest.mark.parametrize(
    ("minimize", "maximize", "words"),
    [
        (None, None, "needs an objective"),
        ("a", "a", "named twice"),
        ("", None, "name of a reported metric"),
        (3, None, "list of names"),
    ],
)
def test_objectives_that_make_no_sense_are_refused(minimize: object, maximize: object, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        objectives(minimize, maximize)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1, True, np.float32(1), np.array(1.0), np.array([1.0]).reshape(())])
def test_what_a_float_can_be_made_of_without_guessing_is_a_number(value: object) -> None:
    found = number("loss", value)
    assert (found, type(found)) == (1.0, float)


@pytest.mark.parametrize("value", ["0.5", b"1", None, [1.0], np.array([1.0, 2.0]), {}])
def test_what_is_no_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(MisuseError, match="got loss="):
        number("loss", value)
