"""Trivial trials and ASHA on one local Ray of two processors: rung and Ray Tune, and rung's other executors.

A trivial trial is one report. Of each way counted is the time between results, without the first fifth of them, so
that none pays for its start, and beside it the whole call with its start and end. ASHA trains the network of
`examples/digits.py` on the same configurations with the same seeds; both stop a trial at a rung or let it go on.
Rounds are interleaved, the medians count. Ray Tune runs without its loggers, with the actors of finished trials used
again, and without.

Usage: python benchmarks/distributed/trivial.py [--rounds 3] [--trials 100] [--fresh 6] [--asha 40]
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ |= {"TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1", "RAY_AIR_NEW_OUTPUT": "0"}  # it prints less
sys.path.append(str(Path(__file__).parents[1] / "schedulers"))

from parts.tables import heading, table
from pieces.digits import MAX_EPOCHS, accuracies
from pieces.here import calibration, ray_here
from pieces.watched import Watched

import rung
from rung.core.event import Reported
from rung.core.rng import rng

WORKERS = 2
LINE = rung.Space(x=rung.Float(0, 1))
ADAM = {"lr": rung.Float(1e-4, 1e-2, log=True), "beta1": rung.Float(0.5, 0.99)}
SGD = {"lr": rung.Float(1e-3, 3e-1, log=True), "momentum": rung.Float(0.0, 0.99)}
DIGITS = rung.Space(
    optimizer=rung.Choice({"adam": ADAM, "sgd": SGD}),
    alpha=rung.Float(1e-6, 1e-1, log=True),
    layers=rung.Int(1, 3),
    width=rung.Int(16, 128, log=True),
    batch_size=rung.Choice([32, 64, 128, 200], ordered=True),
)


class Took(NamedTuple):
    """What a run took.

    Attributes:
        whole_s: From the call to its return.
        times: When its results came, by the clock.
    """

    whole_s: float
    times: list[float]

    @property
    def between_s(self) -> float:
        """From the first result to the last."""
        return self.times[-1] - self.times[0]

    @property
    def each_ms(self) -> float:
        """Milliseconds per result, without the first fifth: some workers come later than others."""
        counted = self.times[len(self.times) // 5 :]
        return 1e3 * (counted[-1] - counted[0]) / (len(counted) - 1)


Way = Callable[[Path], Took]


# rung


def ours(study: rung.Study, train: Callable[[rung.Trial], None], executor: Any, trials: int) -> Took:
    """One run of a study."""
    watched = Watched(executor)
    begun = time.perf_counter()
    study.run(train, executor=watched, budget=rung.Budget(trials=trials))
    whole = time.perf_counter() - begun
    return Took(whole, [each.time for each in watched.heard if isinstance(each.outcome, Reported)])


def trivial_with(executor: Any, trials: int) -> Way:
    """Trivial trials on one of rung's executors, into a durable file."""

    def train(trial: rung.Trial) -> None:
        for _ in trial.steps():
            trial.report(loss=trial.config["x"])

    def run(folder: Path) -> Took:
        study = rung.Study(
            "trivial",
            LINE,
            minimize="loss",
            scheduler=rung.FIFO(1),
            searcher=rung.RandomSearch(),
            store=folder / "rung.db",
        )
        return ours(study, train, executor, trials)

    return run


def asha_with(executor: Any, configs: list[dict[str, Any]]) -> Way:
    """ASHA on the digits with one of rung's executors."""

    def train(trial: rung.Trial) -> None:
        number = int(trial.config["number"])
        for _, accuracy in zip(trial.steps(), accuracies(configs[number], number), strict=False):
            trial.report(accuracy=accuracy)

    def run(folder: Path) -> Took:
        study = rung.Study(
            "digits",
            rung.Space(number=rung.Int(0, len(configs) - 1)),
            maximize="accuracy",
            scheduler=rung.StoppingASHA(max_resource=MAX_EPOCHS, eta=3),
            searcher=rung.GridSearch(),
            store=folder / "rung.db",
        )
        return ours(study, train, executor, len(configs))

    return run


# Ray Tune


def theirs(train: Callable[[dict[str, Any]], None], space: dict[str, Any], folder: Path, **how: Any) -> Took:
    """One run of a tuner; `how` goes to its `TuneConfig`."""
    from ray import tune

    times: list[float] = []

    class Arrivals(tune.Callback):  # type: ignore[misc]  # untyped
        def on_trial_result(self, *where: Any, **what: Any) -> None:
            times.append(time.time())

    begun = time.perf_counter()
    found = tune.Tuner(
        train,
        param_space=space,
        tune_config=tune.TuneConfig(max_concurrent_trials=WORKERS, **how),
        run_config=tune.RunConfig(storage_path=str(folder), verbose=0, callbacks=[Arrivals()]),
    ).fit()
    whole = time.perf_counter() - begun
    if found.errors:
        raise RuntimeError(f"a trial of Ray Tune has failed: {found.errors[0]}")
    return Took(whole, times)


def tune_trivial(trials: int, *, reuse: bool) -> Way:
    """Trivial trials of Ray Tune."""
    from ray import tune

    def train(config: dict[str, Any]) -> None:
        from ray import tune

        tune.report({"loss": config["x"]})

    space = {"x": tune.uniform(0, 1)}
    return lambda folder: theirs(train, space, folder, num_samples=trials, reuse_actors=reuse)


def tune_asha(configs: list[dict[str, Any]]) -> Way:
    """ASHA on the digits with Ray Tune, with the actors of finished trials used again."""
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    def train(config: dict[str, Any]) -> None:
        from ray import tune

        number = config["number"]
        for _, accuracy in zip(range(MAX_EPOCHS), accuracies(configs[number], number), strict=False):
            tune.report({"accuracy": accuracy})

    def run(folder: Path) -> Took:
        rule = ASHAScheduler(
            metric="accuracy", mode="max", max_t=MAX_EPOCHS, grace_period=1, reduction_factor=3
        )
        space = {"number": tune.grid_search(list(range(len(configs))))}
        return theirs(train, space, folder, scheduler=rule, reuse_actors=True)

    return run


# The tables


def measured(ways: dict[str, Way], rounds: int) -> dict[str, list[Took]]:
    """Each way once a round."""
    found: dict[str, list[Took]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(way(Path(folder)))
    return found


def trivial_rows(found: dict[str, list[Took]], peer: str) -> list[list[str]]:
    """Lines of the table; `peer` is what the others are compared with, round by round."""
    rows = []
    for name, runs in found.items():
        ratio = median(b.each_ms / a.each_ms for a, b in zip(runs, found[peer], strict=True))
        each, whole = median(run.each_ms for run in runs), median(run.whole_s for run in runs)
        spread = f"{min(run.each_ms for run in runs):.1f} to {max(run.each_ms for run in runs):.1f}"
        rows.append([name, str(len(runs[0].times)), f"{each:.1f}", spread, f"{ratio:.1f}", f"{whole:.1f}"])
    return rows


def asha_rows(found: dict[str, list[Took]], peer: str) -> list[list[str]]:
    """Lines of the table of ASHA."""
    rows = []
    for name, runs in found.items():
        ratio = median(a.whole_s / b.whole_s for a, b in zip(runs, found[peer], strict=True))
        whole, between = median(run.whole_s for run in runs), median(run.between_s for run in runs)
        epochs, each = median(len(run.times) for run in runs), median(run.each_ms for run in runs)
        rows.append([name, f"{whole:.1f}", f"{ratio:.2f}", f"{between:.1f}", f"{epochs:.0f}", f"{each:.0f}"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=100, help="trivial ones; 0: none")
    parser.add_argument(
        "--fresh", type=int, default=6, help="trials of Ray Tune without reuse_actors; 0: none"
    )
    parser.add_argument("--asha", type=int, default=40, help="trials of ASHA; 0: none")
    options = parser.parse_args()
    print(heading())
    print(calibration(), flush=True)
    with ray_here():
        if options.trials:
            trivial(options.rounds, options.trials, options.fresh)
        if options.asha:
            asha(options.rounds, options.asha)


def trivial(rounds: int, trials: int, fresh: int) -> None:
    """Measure trivial trials and print the table."""
    peer = "Ray Tune, reuse_actors=True"
    ways = {
        "rung.Local(2)": trivial_with(rung.Local(WORKERS), trials),
        "rung.Dask(workers=2)": trivial_with(rung.Dask(workers=WORKERS), trials),
        "rung.Ray(2)": trivial_with(rung.Ray(WORKERS), trials),
        peer: tune_trivial(trials, reuse=True),
    }
    if fresh:
        ways["Ray Tune, reuse_actors=False"] = tune_trivial(fresh, reuse=False)
    header = ["trivial trials", "trials", "ms each", "from, to", "Ray Tune / this", "whole call, s"]
    print(table(header, trivial_rows(measured(ways, rounds), peer)), flush=True)


def asha(rounds: int, trials: int) -> None:
    """Measure ASHA and print the table."""
    configs = [dict(each) for each in DIGITS.sample(trials, rng(0, "configurations", 0))]
    peer = "Ray Tune, ASHAScheduler"
    ways = {"rung.Ray(2), StoppingASHA": asha_with(rung.Ray(WORKERS), configs), peer: tune_asha(configs)}
    header = [
        f"ASHA, {trials} trials",
        "whole call, s",
        "this / Ray Tune",
        "between results, s",
        "epochs",
        "ms an epoch",
    ]
    print("\n" + table(header, asha_rows(measured(ways, rounds), peer)), flush=True)


if __name__ == "__main__":
    main()
