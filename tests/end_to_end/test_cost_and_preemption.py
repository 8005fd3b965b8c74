"""Rungs at equal cost, and promotions to which running jobs yield, on digits with worker processes."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import rung
from rung.core import event as ev
from rung.core.invariants import validate

SPACE = rung.Space(lr=rung.Float(1e-3, 1e-1, log=True), width=rung.Choice([4, 16, 64]))


X, Y = load_digits(return_X_y=True)
X, Y = X[:600] / 16, np.eye(10)[Y[:600]]


def training() -> Callable[[rung.Trial], None]:
    images, labels = X, Y

    def train(trial: rung.Trial) -> None:
        """A network with one hidden layer, by gradient descent."""
        width, lr = trial.config["width"], trial.config["lr"]
        if trial.checkpoint:
            first, second, trained = pickle.loads((trial.checkpoint / "model").read_bytes())
        else:
            draws = np.random.default_rng(trial.seed)
            first, second, trained = draws.normal(0, 0.1, (64, width)), draws.normal(0, 0.1, (width, 10)), 0
        for epoch in trial.steps():
            hidden = np.maximum(images @ first, 0)
            scores = np.exp(hidden @ second - (hidden @ second).max(axis=1, keepdims=True))
            error = (scores / scores.sum(axis=1, keepdims=True) - labels) / len(labels)
            first, second = (
                first - 100 * lr * images.T @ (error @ second.T * (hidden > 0)),
                second - 100 * lr * hidden.T @ error,
            )
            trained += 1
            assert trained == epoch  # goes on from its own weights, also after it has yielded

            def save(folder: Path, model: object = (first, second, trained)) -> None:
                (folder / "model").write_bytes(pickle.dumps(model))

            accuracy = (scores.argmax(axis=1) == labels.argmax(axis=1)).mean()
            trial.report(accuracy=accuracy, work=width / 16, save=save)

    return train  # made in a function, so that workers get it by value


def run(store: Path, scheduler: object, trials: int) -> rung.Study:
    study = rung.Study("digits", SPACE, maximize="accuracy", scheduler=scheduler, store=store)  # type: ignore[arg-type]
    return study.run(training(), workers=2, budget=rung.Budget(trials=trials))


def test_trials_stand_where_they_have_cost_the_same_and_a_resumed_study_goes_on_so(tmp_path: Path) -> None:
    """An epoch costs 1/4, 1 or 4; so rungs at 4 and 8 lie at 16 and 30, 4 and 8, 1 and 2 epochs."""
    scheduler = rung.CostASHA(max_resource=30, max_cost=8, min_cost=4, eta=2, cost="work")
    run(tmp_path / "d.db", scheduler, 5).close()
    with run(tmp_path / "d.db", scheduler, 12) as study:
        validate(study.state)
        rungs = {4: {16, 30}, 16: {4, 8}, 64: {1, 2}}
        assert {trial.status for trial in study.trials} == {"paused", "complete"}
        for trial in study.trials:
            assert trial.resource in rungs[trial.config["width"]]
            assert (trial.status == "complete") == (trial.resource == max(rungs[trial.config["width"]]))
        assert study.best.status == "complete"
        found = study.replay()
        assert found.first is None
        assert found.n_agreed > 20


def test_seconds_are_measured_and_give_each_trial_a_rung(tmp_path: Path) -> None:
    with run(tmp_path / "d.db", rung.CostASHA(max_resource=9, max_cost=20, min_cost=10), 3) as study:
        # 10 s are more than 9 epochs, even on a busy machine
        assert [(trial.status, trial.resource) for trial in study.trials] == [("complete", 9)] * 3
        assert study.replay().first is None


def test_a_job_that_yields_to_a_promotion_goes_on_later_from_its_own_weights(tmp_path: Path) -> None:
    scheduler = rung.SuccessiveHalving(max_resource=40, levels=(20, 40), eta=2, size=4, preempt=1e-6)
    with run(tmp_path / "d.db", scheduler, 16) as study:
        validate(study.state)
        events = [entry.event for entry in study.events()]
        asked = [event for event in events if isinstance(event, ev.YieldAsked) and not event.owed]
        assert asked
        assert all(trial.resource >= 20 for trial in study.trials)
        turns = [each for each in events if isinstance(each, ev.Started) and each.why.rule == "has its turn"]
        assert turns
        assert all(0 < job.start < 20 and job.target == 20 for job in turns)
        told = " ".join(line.text for line in study.story(turns[0].trial))
        assert "gives its worker at" in told
        assert "as no promotion is due to which it had given its worker" in told
        assert study.replay().first is None
