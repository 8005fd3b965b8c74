"""Several objectives and a constraint for real: small networks on the digits, in worker processes."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import rung
from rung.core import event as ev
from rung.models.pareto import non_dominated

LIMIT = 2500  # parameters, which about half of the networks have

SPACE = rung.Space(width=rung.Int(4, 128, log=True), lr=rung.Float(1e-3, 3e-2, log=True))


def train(trial: rung.Trial) -> None:
    """One hidden layer; reports its accuracy and how many parameters it has, and saves its weights."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    X, y = load_digits(return_X_y=True)
    X, y, X_val, y_val = X[:900] / 16, y[:900], X[900:1300] / 16, y[900:1300]
    width = trial.config["width"]
    model = MLPClassifier(
        (width,), learning_rate_init=trial.config["lr"], random_state=trial.seed, batch_size=50
    )
    model.partial_fit(X[:10], y[:10], classes=range(10))
    if trial.checkpoint:
        found = np.load(trial.checkpoint / "weights.npz")
        model.coefs_ = [found["a"], found["b"]]
        model.intercepts_ = [found["c"], found["d"]]
    for _ in trial.steps():
        model.partial_fit(X, y)

        def save(folder: Path) -> None:
            (a, b), (c, d) = model.coefs_, model.intercepts_
            np.savez(folder / "weights.npz", a=a, b=b, c=c, d=d)

        n_parameters = sum(weights.size for weights in (*model.coefs_, *model.intercepts_))
        trial.report(accuracy=model.score(X_val, y_val), parameters=n_parameters, save=save)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> rung.Study:
    """Two objectives, and a limit on one of them."""
    pytest.importorskip("sklearn")
    study = rung.Study(
        "digits",
        SPACE,
        maximize="accuracy",
        minimize="parameters",
        constraints=[rung.Constraint("parameters", upper=LIMIT)],
        resource=rung.Steps("epoch"),
        scheduler=rung.ASHA(max_resource=9),
        store=tmp_path_factory.mktemp("objectives") / "rung.db",
    )
    return study.run(train, workers=2, budget=rung.Budget(trials=24))


def test_the_front_is_feasible_trained_to_the_end_and_spread_over_sizes(study: rung.Study) -> None:
    front = study.front
    assert {trial.resource for trial in front} == {9}
    assert all(trial.feasible and trial.values["parameters"] <= LIMIT for trial in front)
    losses = np.array([(trial.values["parameters"], -trial.values["accuracy"]) for trial in front])
    assert non_dominated(losses).all()
    assert max(trial.values["accuracy"] for trial in front) > 0.8
    by_size = sorted(front, key=lambda trial: trial.values["parameters"])
    assert all(a.values["accuracy"] < b.values["accuracy"] for a, b in pairwise(by_size))


def test_no_network_beyond_the_limit_was_preferred_to_one_within_it(study: rung.Study) -> None:
    """Of those promoted while at least as many feasible ones had arrived as may go on, all are feasible."""
    arrived: dict[int, list[bool]] = {}
    within: dict[int, bool] = {}
    for entry in study.events():
        match entry.event:
            case ev.Reported(trial=trial, resource=resource, metrics=metrics):
                within[trial] = float(metrics["parameters"]) <= LIMIT
                if resource in (1, 3):
                    arrived.setdefault(resource, []).append(within[trial])
            case ev.Started(trial=trial, why=why) if why.rule == "promoted":
                assert within[trial] or sum(arrived[why.resource or 0]) < (why.keep or 0)
    assert {trial.status for trial in study.trials} == {"paused", "complete"}


def test_what_was_decided_is_told_in_words_and_decided_again_from_the_log(study: rung.Study) -> None:
    told = {trial.why for trial in study.trials if trial.status == "paused"}
    assert any("by non-domination (front" in why for why in told)
    assert any("by what it breaks of the constraints" in why for why in told)
    assert study.replay().first is None
    assert study.to_frame().feasible.mean() < 1
