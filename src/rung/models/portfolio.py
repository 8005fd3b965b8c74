"""A portfolio: few configurations of which one is good on each of many tasks, so that they are worth trying first.

Reference:
    Wistuba, Schilling & Schmidt-Thieme, Sequential Model-Free Hyperparameter Tuning, ICDM 2015 (greedy choice).
    Feurer et al., Auto-sklearn 2.0, JMLR 2022, section 3.2 (portfolios; the greedy one is near the best, as the
    objective is submodular).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rung.models.grove import fill, grow

Floats = npt.NDArray[np.float64]


def greedy(regrets: Floats, size: int) -> list[int]:
    """Configurations that one after the other lower the mean over tasks of the best regret among them the most.

    Args:
        regrets: Of configurations on tasks, shape (tasks, configurations), lower is better, finite.
        size: How many are wanted.

    Returns:
        Their numbers, in the order of choice; fewer once none lowers the mean.
    """
    chosen: list[int] = []
    best = np.full(len(regrets), np.inf)
    while len(chosen) < min(size, regrets.shape[1]):
        means = np.minimum(best[:, None], regrets).mean(axis=0)
        row = int(means.argmin())
        if chosen and means[row] >= best.mean():
            break
        chosen.append(row)
        best = np.minimum(best, regrets[:, row])
    return chosen


def regret_table(
    points: Sequence[Floats],
    regrets: Sequence[Floats],
    wanted: Floats,
    options: Sequence[int | None],
    seed: int,
) -> Floats:
    """The regrets of wanted points on each task: measured where they were, else as a forest of that task expects.

    Args:
        points: What was tried on each task, shapes (n, d), NaN where inactive.
        regrets: What came of it, shapes (n,).
        wanted: Points, shape (m, d).
        options: As of `rung.models.grove.grow`.
        seed: Of the forests.

    Returns:
        Shape (tasks, m).
    """
    rows = []
    for X, y in zip(points, regrets, strict=True):
        grove = grow(X, y[:, None], options, seed=seed)
        expected = fill(grove, grove.leaves(X), y).predict(wanted)[0]
        same = (np.nan_to_num(wanted, nan=-1.0)[:, None, :] == np.nan_to_num(X, nan=-1.0)[None, :, :]).all(
            axis=2
        )
        measured = same.any(axis=1)
        expected[measured] = y[same[measured].argmax(axis=1)]
        rows.append(expected)
    return np.array(rows)
