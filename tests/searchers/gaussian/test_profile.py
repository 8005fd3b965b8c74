"""The model along a hyperparameter: in the units of the objective, and where the hyperparameter is active."""

import numpy as np
import pytest

import rung
from rung.core.errors import NoResultError, SpecError


def study(n: int = 14) -> rung.Study:
    space = rung.Space(
        x=rung.Float(0.0, 1.0),
        kind=rung.Choice({"a": {"u": rung.Float(1.0, 3.0)}, "b": {}}, default="a"),
    )

    def train(trial: rung.Trial) -> None:
        bonus = 1.0 if trial.config["kind"] == "a" else 0.0
        trial.report(accuracy=5 + bonus - (trial.config["x"] - 0.25) ** 2)

    made = rung.Study("s", space, maximize="accuracy", searcher=rung.RandomSearch(), store=None)
    return made.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=n))


def test_it_shows_the_objective_and_its_uncertainty() -> None:
    along = study().model("x")
    x = np.array(along.values)
    np.testing.assert_allclose(along.mean, 6 - (x - 0.25) ** 2, atol=0.1)
    assert (along.low <= along.mean).all()
    assert (along.mean <= along.high).all()
    assert along.config["kind"] == "a"
    assert (x[0], x[-1], along.resource) == (0.0, 1.0, 1)


def test_it_goes_into_the_branch_of_the_hyperparameter_and_through_all_options() -> None:
    made = study()
    inner = made.model("u", at={"x": 0.3, "kind": "b"})
    assert (inner.values[0], inner.values[-1]) == (1.0, 3.0)
    kinds = made.model("kind")
    assert kinds.values == ["a", "b"]
    assert kinds.mean[0] - kinds.mean[1] == pytest.approx(1.0, abs=0.3)


def test_what_cannot_be_answered_is_said() -> None:
    with pytest.raises(SpecError, match="Known here: 'x', 'kind', 'u'"):
        study().model("depth")
    with pytest.raises(NoResultError, match="needs 4 trials"):
        study(3).model("x")
