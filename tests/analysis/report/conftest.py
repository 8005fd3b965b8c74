"""A study with everything that a report shows: branches, failures, awkward names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import rung

EVIL = "</script><b>bold</b> & 'quotes'"

SPACE = rung.Space(
    lr=rung.Float(1e-4, 1e-1, log=True, default=1e-3),
    layers=rung.Int(1, 4, default=2),
    optimizer=rung.Choice(
        {
            "adam": {"beta1": rung.Float(0.8, 0.99, default=0.9)},
            "sgd": {"momentum": rung.Float(0, 1, default=0.5)},
        },
        default="adam",
    ),
    augment=rung.Choice(["none", EVIL, None], default="none"),
    dataset="digits",
)
curves = rung.LearningCurves(SPACE, metric="loss", noise=0.01, failing=0.1)


def problem(config: rung.core.space.Config, resource: int, seed: int) -> tuple[dict[str, object], float]:
    if config["layers"] == 4:
        raise MemoryError(f"out of memory {EVIL}")
    metrics, seconds = curves(config, resource, seed)
    return {**metrics, "latency": config["layers"]}, seconds


def make(objectives: list[str], scheduler: rung.core.decision.SchedulerSpec, trials: int = 60) -> rung.Study:
    study = rung.Study(
        "a study", SPACE, minimize=objectives, resource=rung.Steps("epoch"), scheduler=scheduler, store=None
    )
    budget = rung.Budget(trials=trials)
    return study.run(executor=rung.Simulated(problem=problem, workers=3), budget=budget)


@pytest.fixture(scope="package")
def study() -> Iterator[rung.Study]:
    """Sixty trials, some of which failed."""
    with make(["loss"], rung.ASHA(max_resource=9)) as made:
        yield made


@pytest.fixture(scope="package")
def two_goals() -> Iterator[rung.Study]:
    """Two objectives."""
    with make(["loss", "latency"], rung.FIFO(max_resource=3), trials=40) as made:
        yield made


@pytest.fixture(scope="package")
def report(study: rung.Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the first, written once."""
    return rung.write_report(study, tmp_path_factory.mktemp("report") / "report.html")
