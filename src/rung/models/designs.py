"""Points that cover a space evenly: scrambled Sobol sequences and Latin hypercubes.

Both give points that keep the space's rules, each where its values are encoded. A point that breaks a rule is left
out, and the next of the sequence takes its place. What the user believes bends most of the points towards it.

References:
    Sobol, On the distribution of points in a cube and the approximate evaluation of integrals, 1967.
    Owen, Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity 1998.
    Joe & Kuo, Constructing Sobol sequences with better two-dimensional projections, SIAM J. Sci. Comput. 2008.
    McKay, Beckman & Conover, A comparison of three methods for selecting values of input variables, Technometrics 1979.
"""

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rung.core.drawing import MOST_DRAWN
from rung.core.prior import SHARE
from rung.core.space import Space

Array = NDArray[np.float64]

BITS = 30


def sobol(space: Space, n: int, seed: int, skip: int = 0) -> Array:
    """Points of the scrambled Sobol sequence of a seed.

    With rules the sequence is that of the points that keep them; `skip` then costs as much as the points themselves.

    Args:
        space: What is covered.
        n: How many points.
        seed: Which scrambling.
        skip: How many points of the sequence are left out at its beginning.

    Returns:
        Points, shape (n, d), NaN where a column is inactive.
    """
    width = len(space.columns)
    if not width:
        return np.zeros((n, 0))
    engine = _engine(width + space.has_prior, seed)
    if not space.has_rules:
        if skip:
            engine.fast_forward(skip)
        return space.snapped(_bent(space, _next(engine, n)))
    return _ruled(space, engine, n, skip)


def latin(space: Space, n: int, rng: np.random.Generator) -> Array:
    """A Latin hypercube: cut into n slices along any column, it has a point in each.

    With rules only the points that keep them stay, and as many are drawn at random as are missing.

    Returns:
        Points, shape (n, d), NaN where a column is inactive.
    """
    width = len(space.columns) + space.has_prior
    slices = rng.permuted(np.tile(np.arange(n)[:, np.newaxis], (1, width)), axis=0)
    X = space.snapped(_bent(space, (slices + rng.random((n, width))) / max(n, 1)))
    kept = X[space.allows(X)]
    return np.vstack([kept, space.points(n - len(kept), rng)]) if len(kept) < n else X


def _ruled(space: Space, engine: Any, n: int, skip: int) -> Array:
    """The points number `skip` to `skip + n` of those which keep the rules."""
    found, drawn, count = [np.zeros((0, len(space.columns)))], 0, 0
    while count < skip + n:
        # As many as all before, so that what is asked of the engine is a power of two.
        size = max(drawn, 2 ** math.ceil(math.log2(max(n, 64))))
        X = space.snapped(_bent(space, _next(engine, min(size, MOST_DRAWN))))
        X = X[space.allows(X)]
        drawn, count = drawn + size, count + len(X)
        found.append(X)
    return np.vstack(found)[skip : skip + n]


def _engine(width: int, seed: int) -> Any:  # Any: SciPy is imported late
    from scipy.stats import qmc

    return qmc.Sobol(width, scramble=True, bits=BITS, seed=np.random.default_rng(seed))


def _next(engine: Any, n: int) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # balance needs powers of two, a searcher takes one by one
        X: Array = engine.random(n)
    return X


def _bent(space: Space, U: Array) -> Array:
    """Uniform points as those that a searcher tries first: most of them where the user believes."""
    if not space.has_prior:
        return U
    U, which = U[:, :-1], U[:, -1:]
    return np.where(which < SHARE, space.believed(U), U)
