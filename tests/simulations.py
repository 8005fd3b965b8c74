"""Studies of registered schedulers and searchers, mostly simulated, that can be cut off and resumed."""

from collections.abc import Sequence
from unittest.mock import patch

import rung
from registered import resource, scheduler, searcher
from rung.core.event import Entry
from rung.problems.synthetic import LearningCurves
from rung.stores.memory import MemoryStore

SPACE = rung.Space(
    lr=rung.Float(1e-4, 1.0, log=True, default=1e-2),
    layers=rung.Int(1, 3, default=2),
    optimizer=rung.Choice({"adam": {"beta": rung.Float(0.8, 0.99, default=0.9)}, "sgd": {}}, default="adam"),
)
BUDGET = rung.Budget(trials=9)


def study(scheduler_tag: str, searcher_tag: str = "random", **options: object) -> rung.Study:
    """A study that has not begun."""
    return rung.Study(
        "simulated",
        SPACE,
        minimize="loss",
        **{
            "store": None,
            "resource": resource(scheduler_tag),
            "scheduler": scheduler(scheduler_tag),
            "searcher": searcher(searcher_tag),
            "seed": 5,
            **options,
        },  # type: ignore[arg-type]
    )


def pool(seed: int = 0, losses_per_hour: float = 120.0, workers: int = 3) -> rung.Simulated:
    """Workers some of which are lost, on a problem that sometimes diverges."""
    problem = LearningCurves(SPACE, noise=0.05, failing=0.2, seed=5)
    return rung.Simulated(
        problem=problem, workers=workers, losses_per_hour=losses_per_hour, restart_s=1.0, seed=seed
    )


def run(a: rung.Study, seed: int = 0, budget: rung.Budget = BUDGET) -> rung.Study:
    """Run it to the end of its budget."""
    return a.run(executor=pool(seed), budget=budget)


def reopened(entries: Sequence[Entry]) -> rung.Study:
    """A study as a driver that died after these events has left it."""
    store = MemoryStore()
    store.create("simulated", entries)
    with patch("rung.study.open_store", lambda url: store):
        return rung.Study.load("simulated", "in memory")


def moments(entries: Sequence[Entry]) -> list[int]:
    """How many events a driver that dies may leave: any number, but a trial is created with its first job."""
    return [
        entry.seq
        for entry, following in zip(entries, [*entries[1:], None], strict=True)
        if following is None or type(entry.event).__name__ != "Created"
    ]


def train(trial: rung.Trial) -> None:
    """A training for real workers."""
    _ = trial.checkpoint
    for epoch in trial.steps():
        trial.report(loss=trial.config["lr"] / epoch, save=lambda folder: None)
