"""Evidence against a mean, valid at any time: what a gambler has made of one unit by betting that the mean is higher.

If each of a sequence of outcomes in [0, 1] is `mean` at most on the average, given those before it, no way of betting
at fair odds gains on the average; so the chance that the capital ever reaches `1 / level` is at most `level` (Ville's
inequality). One may therefore look after each outcome, stop at any time and for any reason, and outcomes need not be
0 or 1: a draw of 1/2 counts exactly.

References:
    Waudby-Smith & Ramdas, Estimating Means of Bounded Random Variables by Betting, JRSS B 86, 2024.
    Ville, Étude critique de la notion de collectif, 1939.
"""

from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

N_BETS = 50  # capital is spread evenly over as many bets


@lru_cache(maxsize=2**14)  # a gate asks for the same counts again and again
def evidence(wins: int, draws: int, losses: int, mean: float) -> float:
    """Capital made of one unit by some outcomes, betting that they exceed `mean`.

    Each bet is what the likelihood ratio of a probability above `mean` to `mean` itself would pay for wins and losses;
    these probabilities are spread evenly between `mean` and 1. The order of the outcomes does not matter.

    Args:
        wins: Outcomes of 1.
        draws: Outcomes of 1/2.
        losses: Outcomes of 0.
        mean: Above 0 and below 1.
    """
    win, draw, loss = _growth(mean)
    with np.errstate(over="ignore"):
        return float(np.exp(wins * win + draws * draw + losses * loss).mean())


@cache
def _growth(mean: float) -> tuple[Floats, Floats, Floats]:
    """The logarithm of what a win, a draw and a loss make of the capital in each bet."""
    p = mean + (1 - mean) * (np.arange(N_BETS) + 0.5) / N_BETS
    stake = (p - mean) / (mean * (1 - mean))
    return np.log1p(stake * (1 - mean)), np.log1p(stake * (0.5 - mean)), np.log1p(-stake * mean)
