"""ASHA with several objectives, and with a constraint, against random search at equal resource.

The problem is a network in small: a learning curve whose limit falls with the width of the network and with how well
two other hyperparameters are chosen, and a size that grows with the width. The two objectives are the error and the
logarithm of the size. The first table shows the hypervolume of what was trained to the end, as a part of that of the
true front. The second one minimizes the error under a limit on the size.

Usage: python benchmarks/schedulers/multi_objective.py [--seeds 8] [--trainings 20]
"""

import argparse
import math
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from parts.tables import heading, table

import rung
from rung.core.decision import SchedulerSpec
from rung.core.rng import rng
from rung.core.space import Config
from rung.models.pareto import hypervolume

R = 81
SPACE = rung.Space(width=rung.Float(0.0, 1.0), lr=rung.Float(0.0, 1.0), decay=rung.Float(0.0, 1.0))
LARGEST = 4.0  # logarithm of the largest size to base 10; the smallest has size 1
LIMIT = 1.2  # on that logarithm, which 30 % of the configurations keep

ARMS: dict[str, SchedulerSpec] = {
    "random search": rung.FIFO(max_resource=R),
    "ASHA, epsilon-net": rung.ASHA(max_resource=R),
    "ASHA, crowding": rung.ASHA(max_resource=R, ranking=rung.Crowding()),
    "ASHA, scalarization": rung.ASHA(max_resource=R, ranking=rung.Scalarization()),
    "ASHA, lexicographic": rung.ASHA(max_resource=R, ranking=rung.Lexicographic(tolerances={"error": 0.1})),
    "successive halving": rung.SuccessiveHalving(max_resource=R),
}


class Networks:
    """Learning curves; noise follows from the seed of the trial and the resource."""

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Problem`."""
        limit = final_error(config)
        rate = 0.4 + 0.6 * float(config["lr"])
        noise = 0.01 * float(rng(seed, "noise", resource).standard_normal())
        return {"error": limit + (1 - limit) * resource**-rate + noise, "size": size(config)}, 1.0


def final_error(config: Config) -> float:
    """What the error tends to."""
    badness = (float(config["lr"]) - 0.7) ** 2 + (float(config["decay"]) - 0.3) ** 2
    return min(0.95, 0.02 + 0.5 * (1 - float(config["width"])) ** 2 + 0.8 * badness)


def size(config: Config) -> float:
    """The logarithm of the size."""
    return LARGEST * float(config["width"])


def run(spec: SchedulerSpec, seed: int, units: int, *, constraints: bool, several: bool) -> rung.Study:
    """A study that has spent its units on eight workers."""
    study = rung.Study(
        "networks",
        SPACE,
        minimize=["error", "size"] if several else "error",
        constraints=[rung.Constraint("size", upper=LIMIT)] if constraints else (),
        scheduler=spec,
        seed=seed,
        store=None,
    )
    executor = rung.Simulated(problem=Networks(), workers=8)
    return study.run(executor=executor, budget=rung.Budget(resource=units))


def volume(study: rung.Study) -> float:
    """The hypervolume of what was trained to the end, by errors without noise, as a part of the largest."""
    done = [trial.config for trial in study.trials if trial.resource == R]
    return covered([(final_error(config), size(config)) for config in done]) / covered(true_front())


def covered(points: list[tuple[float, float]]) -> float:
    """The hypervolume below the worst corner, 1 in all."""
    scaled = np.array(points).reshape(-1, 2) / [1.0, LARGEST]
    return hypervolume(scaled, np.ones(2)) if len(scaled) else 0.0


def true_front() -> list[tuple[float, float]]:
    """Errors and sizes with the best of the other hyperparameters."""
    best = [{"width": width, "lr": 0.7, "decay": 0.3} for width in np.linspace(0, 1, 1001).tolist()]
    return [(final_error(config), size(config)) for config in best]


def several(units: int, seeds: int) -> str:
    """The table of hypervolumes."""
    rows, reference = [], np.empty(0)
    for name, spec in ARMS.items():
        studies = [run(spec, seed, units, constraints=False, several=True) for seed in range(seeds)]
        found = np.array([volume(study) for study in studies])
        reference = found if not len(reference) else reference
        trials = np.mean([len(study.trials) for study in studies])
        done = np.mean([sum(trial.resource == R for trial in study.trials) for study in studies])
        better = int((found > reference).sum())
        rows.append([name, f"{trials:.0f}", f"{done:.0f}", *_quartiles(found), f"{better} of {seeds}"])
    header = ["scheduler", "trials", "to the end", "hypervolume", "quartiles", "better than random"]
    return table(header, rows)


def constrained(units: int, seeds: int) -> str:
    """The table of the errors that the best feasible trial has, without noise."""
    rows = []
    for name, spec, told in (
        ("random search", rung.FIFO(max_resource=R), True),
        ("ASHA, not told of the limit", rung.ASHA(max_resource=R), False),
        ("ASHA, told of the limit", rung.ASHA(max_resource=R), True),
    ):
        studies = [run(spec, seed, units, constraints=told, several=False) for seed in range(seeds)]
        errors = np.array([feasible_error(study) for study in studies])
        shares = [
            np.mean([size(trial.config) <= LIMIT for trial in study.trials if trial.resource == R] or [0.0])
            for study in studies
        ]
        rows.append(
            [name, f"{100 * np.mean(shares):.0f} %", *_quartiles(errors), f"{np.isinf(errors).sum()}"]
        )
    header = [
        "scheduler",
        "feasible at the end",
        "error of the best feasible",
        "quartiles",
        "runs without any",
    ]
    return table(header, rows)


def feasible_error(study: rung.Study) -> float:
    """The error of the trial that a user would take who wants the limit kept."""
    kept = [trial for trial in study.trials if trial.resource == R and size(trial.config) <= LIMIT]
    return final_error(min(kept, key=lambda trial: trial.value or math.inf).config) if kept else math.inf


def _quartiles(found: np.ndarray) -> tuple[str, str]:
    low, middle, high = np.sort(found)[[len(found) // 4, len(found) // 2, 3 * len(found) // 4]]
    return f"{middle:.3f}", f"{low:.3f} to {high:.3f}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument(
        "--trainings", type=int, default=20, help="full trainings that the resource would do for"
    )
    options = parser.parse_args()
    units = options.trainings * R
    print(heading())
    print(several(units, options.seeds), end="\n\n")
    print(constrained(units, options.seeds))


if __name__ == "__main__":
    main()
