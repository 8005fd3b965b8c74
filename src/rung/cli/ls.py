"""`rung ls`: the studies of a store."""

import time

from rung.cli.opening import STORE, StoreOption, notes_in, summary_of
from rung.cli.tables import Table
from rung.summary import Summary
from rung.words import NOTHING, duration, number


def ls(store: StoreOption = STORE) -> None:
    """List the studies of a store."""
    notes = notes_in(store)
    if not notes:
        print(f"{store} holds no study yet. Make one: rung run FILE.")
        return
    found = Table("~study", ">trials", "~best", "~status", ">last event")
    now = time.time()
    for note in notes:
        known = summary_of(note, store)
        status = "running" if note.is_held else known.affairs
        found.add(note.name, str(known.n_trials), _best(known), status, _ago(now - known.time))
    found.print()


def _best(known: Summary) -> str:
    if known.objectives > 1:
        return "several objectives"
    return NOTHING if known.best is None else f"{known.metrics[0]} {number(known.best)}"


def _ago(seconds: float) -> str:
    return f"{duration(seconds)} ago" if seconds >= 1 else "just now"
