"""How probable it is that a trial succeeds: that its training does not fail, and that it keeps each limit.

Both are learned by regression on marks: -1 for what went well, above 0 for what did not. The probability is that of a
mark below 0. Where nothing was tried the share of successes so far decides, and with it a wide doubt, so that a failure
somewhere is no reason to avoid everything. How much doubt is tolerated depends on what went wrong of late.

References:
    Gelbart, Snoek & Adams, Bayesian Optimization with Unknown Constraints, UAI 2014 (the product with the acquisition).
    Rasmussen & Williams, Gaussian Processes for Machine Learning, MIT Press 2006, section 6.5 (classes by regression).
"""

import math
from functools import partial

import numpy as np
import numpy.typing as npt

from rung.models.acquisition import Gain, log_probability
from rung.models.kernels import Floats
from rung.models.scores import Judged, Model

Bools = npt.NDArray[np.bool_]

KEPT = -1.0
BROKEN = (0.5, 2.0)  # marks of the smallest and the largest violations
RECENT = 30  # trials that caution is learned from
STEEP = 0.4  # doubt of marks anywhere: what fails begins at once, which a smooth model cannot know
PENALTY = 1000.0  # for each 1 that a probability falls short


def failure_marks(failed: Floats) -> Floats:
    """Marks of trials that succeeded (0) or failed (1), shape (n,)."""
    return 2.0 * failed - 1.0


def violation_marks(violations: Floats) -> Floats:
    """Marks of the violations of one constraint, shape (n,): 0 where it was kept, inf where training diverged.

    By how much a limit is broken shows the way back. By how much one is kept is not known: all that is kept is alike.
    """
    broken = violations > 0
    finite = np.clip(violations[broken], 0.0, 1e150)
    usual = float(np.median(finite)) if len(finite) else 1.0
    low, high = BROKEN
    marks = low + (high - low) * _share(np.clip(violations, 0.0, 1e150), max(usual, 1e-150))
    return np.where(broken, marks, KEPT)


def _share(violations: Floats, usual: float) -> Floats:
    """From 0 to 1, one half for a usual violation."""
    share: Floats = violations / (violations + usual)
    return share


def caution(bad: Bools) -> float:
    """How probable success must be not to be avoided: 0.95, and more the more of the latest trials went wrong.

    So the share of what goes wrong regulates itself: where one in ten does, 0.9975 is demanded.

    Args:
        bad: Which trials went wrong, in their order, shape (n,).
    """
    share = float(bad[-RECENT:].sum()) / RECENT
    return 1 - 0.05 * math.exp(-30 * share)


def log_success(model: Model, demanded: float) -> Judged:
    """The logarithm of the probability that a mark is below 0, and a penalty where it is less than is demanded."""
    return Judged(model, partial(_penalized, demanded=demanded))


def _penalized(mean: Floats, std: Floats, demanded: float) -> Gain:
    """The logarithm alone is not enough to avoid what fails.

    Where all is known the logarithm of a gain falls without limit, and a point that has failed ten times would still be
    the next one, as nothing was ever learned of its loss.
    """
    doubt = np.hypot(std, STEEP)
    value, for_mean, for_std = log_probability(mean, doubt, best=0.0)
    p = np.exp(value)
    slope = 1 + PENALTY * p * (p < demanded)
    return value - PENALTY * np.maximum(demanded - p, 0.0), slope * for_mean, slope * for_std * std / doubt
