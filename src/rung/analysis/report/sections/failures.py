"""Failures, those of one kind together."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from rung.analysis.data import TrialRow
from rung.analysis.report.html import Html, element, joined
from rung.analysis.report.reading import Reading, Section
from rung.analysis.report.sections.overview import trial_link
from rung.core.event import Failure
from rung.words import units

SHOWN = 20  # links and messages of a group
WHOSE = {
    "configuration": "the configuration's fault",
    "machine": "the machine's fault",
    "code": "the code's fault",
}


def failures(reading: Reading) -> Section:
    """Each group: how many, what they said, and the traceback of its first."""
    failed = [(trial, trial.failure) for trial in reading.data.trials if trial.failure is not None]
    groups = [list(group) for _, group in groupby(sorted(failed, key=_kind), key=_kind)]
    groups.sort(key=len, reverse=True)
    body = joined(*map(_group, groups)) if groups else element("p", "No trial failed.")
    return Section("failures", "Failures", body, count=len(failed))


def _kind(failed: tuple[TrialRow, Failure]) -> tuple[str, str]:
    return failed[1].type, failed[1].place


def _group(group: Sequence[tuple[TrialRow, Failure]]) -> Html:
    failure = group[0][1]
    head = element(
        "summary",
        element("b", failure.type),
        element("span", f" {units(len(group), 'trial')}, {WHOSE[failure.fault]}", class_="quiet"),
        element("span", failure.message, class_="message"),
    )
    place = element("p", "raised at ", element("code", failure.place)) if failure.place else None
    return element(
        "details", head, place, _messages(group), _links(group), _traceback(group[0]), class_="card failure"
    )


def _messages(group: Sequence[tuple[TrialRow, Failure]]) -> Html | None:
    found = Counter(failure.message for _, failure in group)
    if len(found) == 1:
        return None
    lines = [
        element("li", element("code", message), f" {n} times" if n > 1 else "")
        for message, n in found.most_common(SHOWN)
    ]
    more = (
        element("p", f"and {len(found) - SHOWN} more messages", class_="quiet")
        if len(found) > SHOWN
        else None
    )
    return joined(element("ul", lines, class_="messages"), more)


def _links(group: Sequence[tuple[TrialRow, Failure]]) -> Html:
    links = [
        joined(", " if i else "", trial_link(trial.number)) for i, (trial, _) in enumerate(group[:SHOWN])
    ]
    more = f" and {len(group) - SHOWN} more" if len(group) > SHOWN else ""
    show = element("button", "Show in the table", type="button", class_="small", data_search=group[0][1].type)
    return element("p", joined(*links), more, " ", show)


def _traceback(first: tuple[TrialRow, Failure]) -> Html | None:
    trial, failure = first
    if not failure.traceback:
        return None
    return joined(
        element("p", f"Traceback of trial {trial.number}", class_="quiet"),
        element("pre", element("code", failure.traceback.rstrip())),
    )
