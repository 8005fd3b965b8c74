"""A study to track, and what its log says of it."""

from collections.abc import Sequence
from pathlib import Path

import rung
from rung.core.event import Reported

SPACE = {
    "lr": rung.Float(1e-3, 1.0, log=True),
    "opt": rung.Choice({"adam": {"beta": rung.Float(0.8, 0.99)}, "sgd": {}}),
}

Told = dict[tuple[int, int, str], float]
"""Values by trial, resource and metric."""


def train(trial: rung.Trial) -> None:
    _ = trial.checkpoint
    for epoch in trial.steps():
        if trial.config["lr"] > 0.7:
            raise ValueError("too high")
        metrics = {"loss": trial.config["lr"] / epoch, "val/accuracy": epoch / 9}
        trial.report(metrics, save=lambda folder: (folder / "model").write_text("weights"))


def study(store: Path | None) -> rung.Study:
    return rung.Study(
        "digits",
        SPACE,
        minimize="loss",
        resource=rung.Steps("epoch"),
        scheduler=rung.ASHA(max_resource=9),
        store=store,
    )


def run(study: rung.Study, trials: int, watch: Sequence[object]) -> rung.Study:
    return study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=trials), watch=watch)


def logged(study: rung.Study) -> Told:
    """What was reported, by the log."""
    events = [entry.event for entry in study.events()]
    return {
        (event.trial, event.resource, name): float(value)
        for event in events
        if isinstance(event, Reported) and not event.repeat
        for name, value in event.metrics.items()
    }
