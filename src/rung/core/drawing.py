"""Points drawn at random: where the user believes or anywhere, until as many as are wanted keep the rules."""

from collections.abc import Callable

import numpy as np

from rung.core.errors import SpecError
from rung.core.prior import SHARE
from rung.core.ruled import Rules
from rung.core.snapping import Array

MOST_DRAWN = 100_000  # points none of which keeps the rules


def drawn(
    n: int,
    width: int,
    rng: np.random.Generator,
    believed: Callable[[Array], Array] | None,
    rules: Rules | None,
) -> Array:
    """Points at random that keep rules, anywhere in the bins of their values.

    Args:
        n: How many.
        width: How many columns they have.
        rng: Where they come from.
        believed: Turns uniform points to what the user believes; None: nothing is believed.
        rules: What they keep; None: there are no rules.

    Raises:
        SpecError: If none of `MOST_DRAWN` keeps the rules.
    """
    X = _proposed(n, width, rng, believed)
    if rules is None:
        return X
    n_drawn, found = n, X[rules.kept(X).all(axis=0)]
    while len(found) < n:
        X = _proposed(min(max(2 * n_drawn, 1024), MOST_DRAWN), width, rng, believed)
        n_drawn += len(X)
        found = np.vstack([found, X[rules.kept(X).all(axis=0)]])
        if not len(found) and n_drawn > MOST_DRAWN:
            raise _unkept(X, rules)
    return found[:n]


def _proposed(
    n: int, width: int, rng: np.random.Generator, believed: Callable[[Array], Array] | None
) -> Array:
    U = rng.random((n, width))
    return U if believed is None else np.where(rng.random((n, 1)) < SHARE, believed(U), U)


def _unkept(X: Array, rules: Rules) -> SpecError:
    kept = rules.kept(X).sum(axis=1)
    worst = int(np.argmin(kept))
    return SpecError(
        f"No configuration was found that keeps the rules of the space: of {len(X)} at random the rule "
        f"{rules.all[worst].text!r} refuses {len(X) - kept[worst]}. Make it looser, or change ranges until more keep "
        "it; where it says that numbers are equal, leave one of them out and compute it in train."
    )
