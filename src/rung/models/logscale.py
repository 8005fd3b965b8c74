"""Losses on a logarithmic scale that begins just below the best: differences among the good ones count most.

Reference:
    Hutter, Hoos & Leyton-Brown, LION 2011, section 4.1 (log-transformed response). SMAC3's `RunHistoryLogScaledEncoder`
    places the zero by a low percentile of the losses, as it is done here.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LOW = 0.1  # the zero lies as far below the best as this quantile lies above it
LEAST = 0.01  # but not nearer to the best than this share of the way to the median
LARGEST = 1e150  # sums and squares of losses stay finite


def log_scaled(losses: Floats) -> Floats:
    """Values in the same order, finite, with the mean 0 and the standard deviation 1; all 0 if all losses are equal.

    Args:
        losses: Finite numbers, shape (n,), n at least 1.
    """
    losses = np.clip(losses, -LARGEST, LARGEST)
    above = losses - losses.min()
    zero, middle = np.quantile(above, LOW), np.quantile(above, 0.5)
    shift = max(zero, LEAST * (middle if middle > 0 else above.max()))
    if shift <= 0.0:
        return np.zeros(len(losses))
    logarithms = np.log1p(above / shift)
    values: Floats = (logarithms - logarithms.mean()) / logarithms.std()
    return values
