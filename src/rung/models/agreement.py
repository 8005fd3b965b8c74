"""How far losses at a low resource, or models, rank trials as losses at a high one do.

Models of several levels are put together with weights: the chance that a model ranks the trials of the highest level
better than all others do, over bootstraps of these trials. A model of the highest level itself must not know what it
ranks, and is asked by leaving one out.

References:
    Li et al., Hyper-Tune: Towards Efficient Hyper-Parameter Tuning at Scale, VLDB 2022, sections 4.1 and 4.3.
    Li et al., MFES-HB: Efficient Hyperband with Multi-Fidelity Quality Measurements, AAAI 2021 (ranking loss).
"""

import numpy as np

from rung.models.kernels import Floats

SAMPLES = 200


def ranking_weights(predicted: Floats, losses: Floats, rng: np.random.Generator) -> Floats:
    """How often each of some predictions ranks best, over bootstraps; those that are equal share.

    Args:
        predicted: By k models of n trials, shape (k, n), n at least 2.
        losses: What was observed, shape (n,).
        rng: For the bootstraps.

    Returns:
        Shape (k,), sums to 1.
    """
    order = _ahead(losses[:, None])[..., 0]
    guessed = np.moveaxis(_ahead(predicted.T), -1, 0)
    wrong = (guessed * order <= 0) & (order != 0)
    rows = rng.integers(len(losses), size=(SAMPLES, len(losses)))
    counts = np.stack([np.bincount(row, minlength=len(losses)) for row in rows]).astype(np.float64)
    lost = np.einsum("sn,knm,sm->sk", counts, wrong.astype(np.float64), counts, optimize=True)
    first = lost <= lost.min(axis=1, keepdims=True)
    weights: Floats = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    return weights


def concordance(early: Floats, late: Floats) -> float:
    """Kendall's tau-a between losses of the same trials at two levels, the mean over objectives.

    Args:
        early: Shape (n, k), n at least 2.
        late: Shape (n, k).

    Returns:
        1: both rank the trials alike; 0: as if by chance; -1: in reverse.
    """
    n = len(early)
    early, late = (np.where(np.isnan(losses), np.inf, losses) for losses in (early, late))
    ahead = _ahead(early) * _ahead(late)
    return float(ahead.sum() / (n * (n - 1) * early.shape[1]))


def _ahead(losses: Floats) -> Floats:
    """Who is better than whom: 1, -1 or 0 for equals, shape (n, n, k); also where losses are infinite."""
    one, other = losses[:, None], losses[None, :]
    return (one < other).astype(np.float64) - (one > other)
