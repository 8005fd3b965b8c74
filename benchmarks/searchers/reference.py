"""The best known and the median loss of the real trainings, for `tasks/trainings.json`.

Each is trained with random configurations, and then with the best ones so far changed in one to three hyperparameters
by ever smaller steps, from several starts. What a method finds below the best known counts as regret 0.

Usage: python benchmarks/searchers/reference.py [--random 1500] [--steps 2500]
"""

import argparse
import json
import os
import sys
import warnings
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from tasks.base import Task
from tasks.trainings import KNOWN, report

STARTS = 5


def known(task: Task, n_random: int, n_steps: int) -> tuple[float, float]:
    """The lowest loss that was found, and the median of random ones."""
    generator = np.random.default_rng(0)
    points = generator.random((n_random, len(task.space.columns)))
    losses = np.array([task.loss(config) for config in task.space.decode(points)])
    leaders = np.argsort(losses)[:STARTS]
    points, best = points[leaders], losses[leaders]
    for step in range(n_steps):
        which = step % STARTS
        moved = _changed(points[which], 0.3 * 0.03 ** (step / n_steps), generator)
        loss = task.loss(task.space.decode(moved[None])[0])
        if loss <= best[which]:
            points[which], best[which] = moved, loss
    return float(best.min()), float(np.median(losses))


def _changed(point: np.ndarray, size: float, generator: np.random.Generator) -> np.ndarray:
    """A point with one to three coordinates moved, now and then anywhere."""
    moved = point.copy()
    for column in generator.choice(len(point), min(len(point), generator.integers(1, 4)), replace=False):
        anywhere = generator.random() < 0.15
        moved[column] = generator.random() if anywhere else point[column] + size * generator.normal()
    return np.clip(moved, 0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--random", type=int, default=1500)
    parser.add_argument("--steps", type=int, default=2500)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # trainings that do not converge
    found = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    for task in report():
        best, median = known(task, options.random, options.steps)
        before = found.get(task.name, [np.inf, 0])[0]
        found[task.name] = [min(best, before), median]
        print(f"{task.name}: best {best:.6g} (before: {before:.6g}), median {median:.6g}", flush=True)
        KNOWN.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
