"""Small tables to simulate on."""

from collections.abc import Sequence

import numpy as np

import rung
from rung.core.objective import Objective
from rung.core.resource import Resource
from rung.problems.table import Table

SPACE = rung.Space(x=rung.Float(0.0, 1.0))


def table(
    curves: Sequence[Sequence[float]],
    *,
    x: Sequence[float] | None = None,
    lengths: Sequence[int] | None = None,
    is_whole: bool = True,
    resource: Resource | None = None,
    seconds: float = 1.0,
) -> Table:
    """A table of one seed; configurations lie evenly in 0..1 unless they are given."""
    values = np.array([curves], dtype=float)
    n, levels = values.shape[1:]
    places = np.linspace(0, 1, n).tolist() if x is None else x
    return Table(
        "small",
        SPACE,
        [{"x": place} for place in places],
        Objective("loss"),
        resource or rung.Steps("epoch"),
        values,
        np.full((1, n, levels), seconds),
        np.full(n, levels) if lengths is None else np.array(lengths),
        is_whole,
    )


def two_metrics(n: int = 12, seeds: int = 1, levels: int = 9) -> Table:
    """A table whose loss falls and whose size rises with x; the seeds differ a little in the loss.

    No configuration dominates another one. The loss of x is `1 - x + 1 / level`, its size `100 * x`.
    """
    x = np.linspace(0, 1, n)
    level = np.arange(1, levels + 1)
    loss = (1 - x)[None, :, None] + 1 / level + 0.01 * np.arange(seeds)[:, None, None]
    size = np.broadcast_to(100 * x[None, :, None], (1, n, levels)).copy()
    return Table(
        "two",
        SPACE,
        [{"x": place} for place in x.tolist()],
        Objective("loss"),
        rung.Steps("epoch"),
        loss,
        np.ones((1, n, levels)),
        np.full(n, levels),
        others={"size": size},
        further=(Objective("size"),),
    )
