"""Races and gates for real: digits are learned on random splits of the data, in local workers."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import rung
from rung.core import event as ev
from rung.core.invariants import validate
from rung.core.why import sentence

SPACE = rung.Space(
    lr=rung.Float(1e-4, 1.0, log=True, default=1e-3),
    width=rung.Int(4, 64, log=True, default=16),
    activation=rung.Choice(["relu", "tanh"], default="relu"),
)


def training() -> Callable[[rung.Trial], None]:
    """A training function that workers can load; one unit is one split, the same for every trial."""

    def train(trial: rung.Trial) -> None:
        X, y = load_digits(return_X_y=True)
        X, y = X[:300] / 16, y[:300]
        for split in trial.steps():
            X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, random_state=split)
            network = MLPClassifier(
                (trial.config["width"],),
                activation=trial.config["activation"],
                learning_rate_init=trial.config["lr"],
                max_iter=5,
                random_state=0,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # five epochs are not meant to converge
                network.fit(X_train, y_train)
            trial.report(error=1 - network.score(X_val, y_val))

    return train


def run(scheduler: object, trials: int | None) -> rung.Study:
    study = rung.Study(
        "digits",
        SPACE,
        minimize="error",
        scheduler=scheduler,  # type: ignore[arg-type]
        resource=rung.Replicates("split"),
        store=None,
        seed=3,
    )
    study.run(training(), executor=rung.Local(workers=2), budget=rung.Budget(trials=trials))
    validate(study.state)
    return study


def values(study: rung.Study, trial: int) -> list[float]:
    """What a trial has reported, split by split."""
    return [
        float(entry.event.metrics["error"])
        for entry in study.events()
        if isinstance(entry.event, ev.Reported) and entry.event.trial == trial
    ]


@pytest.mark.timeout(300)
def test_a_race_rules_out_who_is_worse_on_the_same_splits() -> None:
    study = run(rung.Racing(max_resource=12, first_test=4, max_evaluations=160), None)
    spent = study.state.account.resource
    assert 120 <= spent <= 160
    assert max(trial.resource for trial in study.trials) <= 12
    best = study.best.number
    for trial in study.trials:
        why = study.state.why(trial.number)
        if why.rule == "ruled out":
            n = why.resource
            assert n is not None
            assert why.trial is not None
            mine, winner = values(study, trial.number), values(study, why.trial)
            assert np.mean(mine[:n]) > np.mean(winner[:n])
    assert sum(study.state.why(trial.number).rule == "ruled out" for trial in study.trials) > 5
    defaults = next(trial for trial in study.trials if trial.number == 0)
    assert np.mean(values(study, best)) < np.mean(values(study, defaults.number)) / 2
    started = [entry.event for entry in study.events() if isinstance(entry.event, ev.Started)]
    assert any(event.why.rule == "around elite" for event in started)
    assert study.replay().first is None


@pytest.mark.timeout(300)
def test_challengers_of_a_gate_play_the_incumbent_on_the_same_splits() -> None:
    study = run(rung.Gate(max_resource=12, min_resource=3), 12)
    passed = [t.number for t in study.trials if study.state.why(t.number).rule == "passed the gate"]
    (incumbent,) = passed
    why = study.state.why(incumbent)
    assert why.trial is not None
    n = why.resource or 0
    mine, loser = values(study, incumbent)[:n], values(study, why.trial)[:n]
    won = sum(a < b for a, b in zip(mine, loser, strict=True))
    drawn = sum(a == b for a, b in zip(mine, loser, strict=True))
    assert why.value == pytest.approx((won + drawn / 2) / n)
    assert why.value > 0.5
    assert sentence(why, "split").startswith("the incumbent: won ")
    assert study.replay().first is None
