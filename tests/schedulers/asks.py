"""Questions to a scheduler without a state around it."""

import math
from collections.abc import Callable
from functools import partial

from rung.core.decision import Ask, Slot
from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Float, Space

SPACE = Space({"x": Float(0.0, 1.0)})
OBJECTIVES = (Objective("loss"),)


def ask(
    *,
    n_slots: int = 1,
    may_create: bool = True,
    room: float = math.inf,
    starts_at: Callable[[int], int] = lambda trial: 0,
) -> Ask:
    """What a driver with free workers would ask."""
    slots = [Slot(worker) for worker in range(n_slots)]
    history = History(SPACE, 1)
    return Ask(slots, frozenset(), may_create, room, history, partial(rng, 0), starts_at, lambda parent: 0)
