"""Entries for the tests of stores: builders that fill the dull fields, and one event of each kind."""

from collections.abc import Sequence

from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.event import Entry
from rung.core.parameter import Float
from rung.core.why import Why

WHY = Why("promoted", resource=3, rank=1, of=3, keep=1)

ALL_KINDS = [
    ev.Opened({"name": "digits", "scheduler": {"type": "asha", "max_resource": 9}}, {"rung": "0.1.0"}),
    ev.Enqueued({"lr": 0.1, "optimizer": "adam"}),
    ev.Described({"rows": 150.0, "balance": 0.1 + 0.2}),
    ev.TakenOver("old", "sqlite:///old.db", ({"lr": 0.1}, {"lr": 0.2}), (3, 1), ({"loss": 0.5}, None)),
    ev.Created(0, {"lr": 1e-3, "name": "Käse"}, "searcher", 7, None, None, 1, {"gamma": 0.1}, 2),
    ev.Created(1, {"lr": 1e-300}, "scheduler", 2**62, parent=0, ends=0),
    ev.Started(0, 0, 0, 3, 1, WHY, "0/3.0", True, 2, "audit"),
    ev.Reported(0, 0, 1, {"val/loss": 0.1 + 0.2, "f1": "nan", "top": "inf"}, 1.5, 0.25),
    ev.Reported(0, 0, 1, {"val/loss": -0.0}, repeat=True),
    ev.Sampled(0, 0, 60.1, 99.5, 2**40, None, 5, cpus=2, gpus=1),
    ev.Saved(0, 0, 1, "0/1.0", 100, 0.1),
    ev.Dropped(0, "0/1.0"),
    ev.YieldAsked(0, 0, WHY, owed=False),
    ev.Ended(0, 0, "failed", ev.Failure("code", "ValueError", "no", "Traceback …", "a.py:3")),
    ev.Stopped(0, WHY),
    ev.Closed(WHY),
    ev.BudgetChanged(Budget(trials=3)),
    ev.SpaceChanged({"lr": Float(1e-3, 1.0, log=True)}),
    ev.SpecChanged({"name": "digits"}, {}),
    ev.Idled(WHY),
]


def entries(events: Sequence[ev.AnyEvent], after: int = 0) -> list[Entry]:
    """The events as the next entries of a log whose last number is `after`."""
    return [Entry(seq, 1_700_000_000.1 + seq / 3, event) for seq, event in enumerate(events, after + 1)]


def reports(n: int, after: int = 0) -> list[Entry]:
    """The next `n` entries of a log, all reports."""
    return entries([ev.Reported(0, 0, after + i + 1, {"loss": 0.5}) for i in range(n)], after)
