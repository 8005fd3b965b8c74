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
    history: History | None = None,
) -> Ask:
    """What a driver with free workers would ask."""
    slots = [Slot(worker) for worker in range(n_slots)]
    known = History(SPACE, 1) if history is None else history
    return Ask(slots, frozenset(), may_create, room, known, partial(rng, 0), starts_at, lambda parent: 0)
