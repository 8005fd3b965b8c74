"""Golden runs: a few short simulated studies, whose jobs stand in files beside this one.

A change of behaviour then is a diff that somebody has looked at. To record them anew, after looking:

    python tests/golden/record.py
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import rung
from rung.core import event as ev
from rung.core.decision import SchedulerSpec
from rung.problems.synthetic import LearningCurves

FOLDER = Path(__file__).parent
SPACE = rung.Space(
    lr=rung.Float(1e-4, 1.0, log=True, default=1e-2),
    layers=rung.Int(1, 4, default=2),
    optimizer=rung.Choice({"adam": {"beta": rung.Float(0.8, 0.99, default=0.9)}, "sgd": {}}, default="adam"),
)


def studies() -> Iterator[tuple[str, rung.Study]]:
    """The studies, run: (name, study)."""
    steps, budget = rung.Steps(unit="epoch"), rung.Budget(trials=12)
    yield "fifo", run("fifo", rung.FIFO(max_resource=3), steps, budget)
    yield "asha", run("asha", rung.ASHA(max_resource=9), steps, budget, noise=0.05)
    yield (
        "asha with losses",
        run(
            "asha with losses",
            rung.ASHA(max_resource=27),
            steps,
            budget,
            failing=0.2,
            losses_per_hour=300,
            noise=0.05,
        ),
    )
    yield (
        "stopping asha",
        run(
            "stopping asha", rung.StoppingASHA(max_resource=9, eta=2), steps, budget, failing=0.1, noise=0.05
        ),
    )
    yield (
        "asha on data",
        run("asha on data", rung.ASHA(max_resource=100, min_resource=11), rung.Fraction(), budget),
    )
    yield (
        "asha on folds",
        run(
            "asha on folds",
            rung.ASHA(max_resource=10, min_resource=2),
            rung.Replicates(),
            rung.Budget(resource=40),
        ),
    )
    yield "hyperband", run("hyperband", rung.Hyperband(9), steps, budget, failing=0.1, noise=0.05)
    yield (
        "async hyperband",
        run("async hyperband", rung.AsyncHyperband(9), steps, budget, losses_per_hour=300, noise=0.05),
    )
    cost = rung.CostASHA(9, max_cost=9, min_cost=2)
    yield "cost asha", run("cost asha", cost, steps, budget, failing=0.1, losses_per_hour=300, noise=0.05)
    preempting = rung.SuccessiveHalving(9, levels=(4, 6, 9), eta=2, preempt=1)
    yield "preempting", run("preempting", preempting, steps, budget, noise=0.05)
    yield "pasha", run("pasha", rung.PASHA(9, eta=2), steps, budget, noise=0.05)
    yield (
        "median stopping",
        run("median stopping", rung.MedianStopping(5, min_trials=2), steps, budget, noise=0.05),
    )
    yield "pbt", run("pbt", rung.PBT(9, population=6, interval=2), steps, budget, failing=0.1, noise=0.05)
    yield (
        "sync pbt",
        run("sync pbt", rung.SyncPBT(9, population=5, interval=3), steps, budget, losses_per_hour=300),
    )
    grid = rung.GridSearch(points=2)
    yield "grid", run("grid", rung.FIFO(max_resource=2), steps, rung.Budget(), searcher=grid)


def run(
    name: str,
    scheduler: SchedulerSpec,
    resource: rung.Steps | rung.Fraction | rung.Replicates,
    budget: rung.Budget,
    *,
    searcher: rung.RandomSearch | rung.GridSearch | None = None,
    losses_per_hour: float = 0.0,
    noise: float = 0.0,
    failing: float = 0.0,
) -> rung.Study:
    """One study on synthetic curves with three workers."""
    study = rung.Study(
        name,
        SPACE,
        minimize="loss",
        scheduler=scheduler,
        searcher=searcher or rung.RandomSearch(),
        resource=resource,
        seed=7,
        store=None,
    )
    problem = LearningCurves(study.space, noise=noise, failing=failing, seed=7)
    pool = rung.Simulated(problem=problem, workers=3, losses_per_hour=losses_per_hour, restart_s=1.0, seed=7)
    return study.run(executor=pool, budget=budget)


def table(study: rung.Study) -> str:
    """The jobs of a study as CSV, with the configuration in the first row of each trial."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["job", "trial", "start", "target", "worker", "restore", "attempt", "why", "outcome", "config"]
    )
    outcomes: dict[int, str] = {}
    rows: list[list[object]] = []
    configs: dict[int, str] = {}
    for entry in study.events():
        match entry.event:
            case ev.Created(trial=trial, config=config):
                configs[trial] = " ".join(f"{name}={short(value)}" for name, value in config.items())
            case ev.Started() as job:
                row = [
                    job.job,
                    job.trial,
                    job.start,
                    job.target,
                    job.worker,
                    job.restore,
                    job.attempt,
                    job.why.rule,
                ]
                rows.append([*row, configs.pop(job.trial, "")])
            case ev.Ended(job=number, outcome=outcome):
                outcomes[number] = outcome
    for *row, config in rows:
        assert isinstance(row[0], int)
        writer.writerow([*row, outcomes[row[0]], config])
    return out.getvalue()


def short(value: object) -> str:
    """A value as it is compared: floats to six digits, so that the last bit of a library's logarithm is no diff."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def path(name: str) -> Path:
    """The file of a study."""
    return FOLDER / f"{name.replace(' ', '_')}.csv"


if __name__ == "__main__":
    for name, study in studies():
        path(name).write_text(table(study), encoding="utf-8")
        print(path(name))
