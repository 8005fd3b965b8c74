"""`rung ls`: the studies of a store."""

import time

from rung.cli.opening import STORE, StoreOption, names_in
from rung.cli.tables import Table
from rung.core.errors import NoResultError
from rung.story import state_of_affairs
from rung.study import Study
from rung.words import NOTHING, duration, number


def ls(store: StoreOption = STORE) -> None:
    """List the studies of a store."""
    names = names_in(store)
    if not names:
        print(f"{store} holds no study yet. Make one: rung run FILE.")
        return
    found = Table("~study", ">trials", "~best", "~status", ">last event")
    now = time.time()
    for name in names:
        with Study.load(name, store) as study:
            state = study.state
            found.add(
                name,
                str(len(state.trials)),
                _best(study),
                state_of_affairs(study.events(), state, study.is_driven),
                _ago(now - state.time),
            )
    found.print()


def _best(study: Study) -> str:
    state = study.state
    if len(state.objectives) > 1:
        return "several objectives"
    try:
        best = study.best
    except NoResultError:
        return NOTHING
    return f"{state.objectives[0].metric} {number(best.value)}"


def _ago(seconds: float) -> str:
    return f"{duration(seconds)} ago" if seconds >= 1 else "just now"
