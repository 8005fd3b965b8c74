"""A trust region: the box around the best point in which a local model searches, once there are many observations.

It grows after a run of improvements and shrinks after a run of trials without one, as the sides of TuRBO's do; when it
has become too small it begins anew. Its size is a function of the losses in their order, so that it need not be kept.

Reference:
    Eriksson, Pearce, Gardner, Turner & Poloczek, Scalable Global Optimization via Local Bayesian Optimization, NeurIPS
    2019, section 2 and appendix (the constants).
"""

import numpy as np

from rung.models.kernels import Floats
from rung.models.maximizing import Box

FIRST, LARGEST, SMALLEST = 0.8, 1.6, 0.5**7
SUCCESSES = 3
IMPROVEMENT = 1e-3  # of the spread of the losses


def side(losses: Floats, d: int) -> float:
    """The length of the region after losses in their order, shape (n,), in a space of d columns; O(n)."""
    before = np.minimum.accumulate(np.concatenate([[np.inf], losses]))[:-1]
    finite = losses[np.isfinite(losses)]
    least = IMPROVEMENT * float(finite.std()) if len(finite) else 0.0
    length, good, bad = FIRST, 0, 0
    for improved in (losses < before - least).tolist():
        good, bad = (good + 1, 0) if improved else (0, bad + 1)
        if good == SUCCESSES:
            length, good = min(2 * length, LARGEST), 0
        elif bad == max(4, d):
            length, bad = length / 2, 0
        if length < SMALLEST:
            length = FIRST
    return length


def around(centre: Floats, length: float) -> Box:
    """The box around a point, shape (d,), with sides of a length, within the cube."""
    return Box(np.clip(centre - length / 2, 0.0, 1.0), np.clip(centre + length / 2, 0.0, 1.0))
