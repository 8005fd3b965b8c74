"""`rung replay`: are the decisions of a log what would be decided now?"""

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study
from rung.cli.tables import styled
from rung.core import event as ev
from rung.core.why import sentence
from rung.spec import versions
from rung.words import short, units

if TYPE_CHECKING:
    from rung.replay import Difference, Replay, Unknown

DIFFERENT = 1  # exit code
LONG_AGO = 10**8  # seconds; a time below is virtual

REASONS: "dict[Unknown, str]" = {
    "held": "depends on which trials the workers held, which the log does not say",
    "slots": "depends on the free slots, which are not in the log",
    "elsewhere": "was taken by another program, from which the study was imported",
}


def replay(study: StudyArgument = None, store: StoreOption = STORE) -> None:
    """Ask every decision of a study again, and say whether the answers agree with its log."""
    with open_study(study, store) as found:
        replayed = found.replay()
        print(styled(f"{found.name}: {_summary(replayed)}", "bold"))
        for reason, n in replayed.unknown.items():
            print(f"  {_decisions(n)} cannot be told: each {REASONS[reason]}")
        if replayed.first is not None:
            _print(replayed.first, found.state.resource.unit)
            raise typer.Exit(DIFFERENT)


def _summary(found: "Replay") -> str:
    if found.first is not None:
        return f"{found.n_different} of {_decisions(found.n_decisions)} would be taken otherwise now"
    if found.n_decisions == 0:
        return "no decision was taken yet"
    return f"{_decisions(found.n_agreed)} {'agrees' if found.n_agreed == 1 else 'agree'}"


def _decisions(n: int) -> str:
    return f"{n} decision{'' if n == 1 else 's'}"


def _print(first: "Difference", unit: str) -> None:
    print(f"\nThe first is event {first.seq}, {_when(first.time)}")
    print(f"  the log  {_told(first.logged, unit)}")
    print(f"  now      {_told(first.answered, unit)}")
    here = versions()
    if first.versions == here:
        print(f"Both are by {_named(here)}.")
        print("So the log was altered, or a scheduler or searcher hangs on something else than the log.")
    else:
        print(f"The log is by {_named(first.versions)}; this is {_named(here)}.")


def _when(time: float) -> str:
    if time < LONG_AGO:
        return f"at {time:g} s of virtual time"
    return datetime.fromtimestamp(time).astimezone().isoformat(" ", "seconds")


def _named(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _told(events: tuple[ev.AnyEvent, ...], unit: str) -> str:
    return ", ".join(_words(event, unit) for event in events)


def _words(event: ev.AnyEvent, unit: str) -> str:  # noqa: PLR0911  a table
    match event:
        case ev.Created():
            lineage = "" if event.parent is None else f" from trial {event.parent}"
            return f"trial {event.trial}{lineage} with {short(event.config)} ({event.source})"
        case ev.Started():
            way = f"trial {event.trial} from {event.start} to {units(event.target, unit)}"
            return f"{way} ({sentence(event.why, unit)})"
        case ev.Stopped():
            return f"trial {event.trial} is stopped ({sentence(event.why, unit)})"
        case ev.YieldAsked():
            return f"trial {event.trial} is interrupted ({sentence(event.why, unit)})"
        case ev.Closed(why=why):
            return f"no more trials ({sentence(why, unit)})"
        case ev.Idled(why=why):
            return f"nothing starts ({sentence(why, unit)})"
        case _:
            return type(event).__name__
