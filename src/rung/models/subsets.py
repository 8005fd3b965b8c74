"""Few rows of a front that stand for all of it: those that cover the most hypervolume together.

References:
    Bader & Zitzler, HypE, Evolutionary Computation 19, 2011 (hypervolume subset selection).
    Guerreiro, Fonseca & Paquete, Greedy Hypervolume Subset Selection in Low Dimensions, Evolutionary
        Computation 24, 2016.
"""

import heapq

import numpy as np

from rung.core.history import Floats, Ints
from rung.models.fronts import epsilon_net

LARGE = 1e150  # differences and products of such numbers are finite
MOST = 128  # rows that are looked at; of more, those that are spread best


def hypervolume_subset(losses: Floats, n: int) -> Ints:
    """The greedy choice: each row is the one that adds the most hypervolume to those before it.

    What a row adds never grows when others are chosen, so only the row that had promised most is computed anew.
    The reference is the worst of the rows in each objective, and a tenth of their range beyond.

    Args:
        losses: Finite, shape (m, k).
        n: How many, at most m.

    Returns:
        Rows in the order of their choice, shape (n,).
    """
    from moocore import hypervolume

    losses = np.clip(losses, -LARGE, LARGE)
    rows = epsilon_net(losses)[: max(MOST, n)] if len(losses) > MOST else np.arange(len(losses))
    low, high = losses.min(axis=0), losses.max(axis=0)
    scaled = (losses - low) / np.where(high > low, high - low, 1.0)
    reference = np.full(losses.shape[1], 1.1)
    promised = [(-float(np.prod(reference - scaled[row])), int(row), 0) for row in rows]
    heapq.heapify(promised)
    chosen: list[int] = []
    volume = 0.0
    while len(chosen) < n:
        gain, row, known = heapq.heappop(promised)
        if known == len(chosen):
            chosen.append(row)
            volume -= gain
        else:
            gain = volume - float(hypervolume(scaled[[*chosen, row]], ref=reference))
            heapq.heappush(promised, (gain, row, len(chosen)))
    return np.array(chosen, np.int64)
