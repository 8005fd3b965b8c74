"""Checks of reports: what was acknowledged is there, what is there was said, each step follows from those before."""

from collections.abc import Iterator

from soaking.case import DELAYING, Case, Run
from soaking.evidence import Entered, Said, digest
from soaking.facts import Facts, run_of, token_of
from soaking.training import link, loss_at

COMMITTED_S = 10.0
"""After which a report is committed; 0.05 where machine and database are not disturbed."""


def acknowledged(case: Case, facts: Facts) -> Iterator[str]:
    """What was durable once stays as it was; what a run took is in the log, unless it was killed within moments."""
    log = {entry.seq: digest(entry.event) for entry in case.entries}
    for seq, mark in case.seen.items():
        if log.get(seq) != mark:
            yield f"entry {seq} was read by an onlooker, and is {_fate(log, seq)}"
    for line in case.durable:
        if log.get(line.seq) != line.digest:
            yield f"run {line.run} was told that entry {line.seq} is durable, and it is {_fate(log, line.seq)}"
    yield from _taken(case, facts)


def _taken(case: Case, facts: Facts) -> Iterator[str]:
    known = {token_of(event) for _, event in facts.reports}
    for token, line in facts.returned.items():
        run = case.runs[line.run]
        if token in known:
            continue
        named = f"the report of {_named(facts.said[token])}"
        if run.in_order:
            yield f"run {run.number} ended in order, but {named} is not in the log"
        elif (
            run.killed
            and run.ended is not None
            and _undisturbed(case, run, line.time, run.ended) > COMMITTED_S
        ):
            yield f"run {run.number} was killed {run.ended - line.time:.1f} s after {named}, which is not in the log"


def _undisturbed(case: Case, run: Run, begun: float, ended: float) -> float:
    """Seconds of a while in which nothing but the load of the machine kept a driver from committing."""
    met = [fault for fault in case.faults if fault.run == run.number and fault.kind in DELAYING]
    last = max([begun, *[fault.ended for fault in met if fault.begun < ended]])
    return ended - last


def _fate(log: dict[int, str], seq: int) -> str:
    return "another one now" if seq in log else "gone"


def true(case: Case, facts: Facts) -> Iterator[str]:
    """Nothing stands in the log that no training said, and nothing twice."""
    seen: set[int] = set()
    for entry, event in facts.reports:
        token = token_of(event)
        said = facts.said.get(token)
        if said is None:
            yield f"entry {entry.seq}: no training has reported {event}"
            continue
        if token in seen:
            yield f"entry {entry.seq}: the report of {_named(said)} stands in the log twice"
        seen.add(token)
        there = (event.job, event.trial, event.resource, run_of(event))
        if there != (said.job, said.trial, said.step, said.run):
            yield f"entry {entry.seq}: {event} was said by {_named(said)}"
        elif repr(float(event.metrics["loss"])) != said.loss:
            yield f"entry {entry.seq}: {event.metrics['loss']} was reported as {said.loss}"


def unbroken(case: Case, facts: Facts) -> Iterator[str]:
    """Each step follows from all before it: no state was lost, mixed up or damaged unnoticed."""
    chains: dict[int, int] = {}
    known: dict[tuple[int, int], set[int]] = {}
    for line in case.trained:
        if isinstance(line, Entered):
            chains[line.pid] = line.chain
            yield from _restored(case, facts, line, known)
        elif isinstance(line, Said):
            before = chains.get(line.pid, 0) if case.plan.resource == "steps" else 0
            created = facts.created.get(line.trial)
            chains[line.pid] = line.chain
            known.setdefault((line.trial, line.step), set()).add(line.chain)
            if created is None or not _is_logged(line, facts):
                continue  # of a trial that was never committed
            if line.chain != link(before, created.seed, line.step):
                yield f"{_named(line)} does not follow from its state before"
            elif line.loss not in ("nan", repr(loss_at(created.config, line.step, line.chain))):
                yield f"{_named(line)} trained another configuration than that of its trial"


def _is_logged(line: Said | Entered, facts: Facts) -> bool:
    started = facts.started.get(line.job)
    return started is not None and started.trial == line.trial


def _restored(
    case: Case, facts: Facts, line: Entered, known: dict[tuple[int, int], set[int]]
) -> Iterator[str]:
    if line.fault is not None:
        yield f"{_named(line)} was given a damaged checkpoint: {line.fault}"
    if case.plan.resource != "steps":
        return
    if line.origin is None and line.start != 0:
        yield f"{_named(line)} was to go on at {line.start} without a checkpoint"
    if line.origin is not None and line.chain not in known.get(line.origin, set()):
        yield f"{_named(line)} was given a checkpoint of {line.origin} that no training has saved"
    if line.origin is not None and line.origin[0] not in _line_of(facts, line.trial):
        yield f"{_named(line)} was given the checkpoint of trial {line.origin[0]}"


def _line_of(facts: Facts, trial: int) -> set[int]:
    """A trial and its ancestors."""
    found: set[int] = set()
    at: int | None = trial
    while at is not None and at not in found:
        found.add(at)
        at = facts.created[at].parent if at in facts.created else None
    return found


def _named(line: Said | Entered) -> str:
    step = f" step {line.step}" if isinstance(line, Said) else ""
    return f"run {line.run}, job {line.job}, trial {line.trial}{step} (process {line.pid})"
