"""A study from a command line alone: `rung run --maximize accuracy "python train.py --lr {lr:1e-5..1e-1 log}"`."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from rung.core.audit import Audit
from rung.core.confirm import Confirm
from rung.core.constraint import Constraint
from rung.core.errors import SpecError
from rung.core.resource import Fraction, Resource, Steps, check_count
from rung.programs.definition import Definition, name_of
from rung.programs.template import Template, parse
from rung.schedulers.registry import SCHEDULERS
from rung.searchers.registry import SEARCHERS


def definition(
    command: str,
    *,
    minimize: Sequence[str],
    maximize: Sequence[str],
    max_resource: int | None,
    scheduler: str | None,
    searcher: str | None,
    unit: str | None,
    name: str | None,
    seed: int,
    store: str,
    audit: float | None = None,
    confirm: float | None = None,
    constraints: Sequence[str] = (),
    where: Sequence[str] = (),
) -> Definition:
    """The study of a command.

    Args:
        command: With ranges in it.
        minimize: Metrics to minimize.
        maximize: Metrics to maximize.
        max_resource: Up to where the best are trained, in units; None: whole runs.
        scheduler: Its type; None: without `max_resource` each trial runs to its end; with it ASHA, in the variant that
            never needs a checkpoint if the command takes none.
        searcher: Its type; None: `auto`.
        unit: What a unit is called; None: run or step.
        name: Of the study; None: the program's, with a mark that changes with the command.
        seed: From which everything random derives.
        store: The event log.
        audit: The share of the resource that audits early stopping; None: no audits.
        confirm: The share of the budget that confirms the best; None: none does.
        constraints: Limits such as `latency<=0.1`.
        where: Rules between hyperparameters.

    Raises:
        SpecError: If something is missing or wrong; the sentence says what to write.
    """
    template = parse(command)
    if not minimize and not maximize:
        raise SpecError("say what is to be optimized: --maximize accuracy, or --minimize loss.")
    found = Definition(
        name=name or "",
        command=template,
        minimize=list(minimize) or None,
        maximize=list(maximize) or None,
        scheduler=SCHEDULERS.decode(_scheduler(template, scheduler, max_resource)),
        searcher=None if searcher is None else SEARCHERS.decode({"type": searcher}),
        seed=seed,
        store=store,
        audit=None if audit is None else Audit(audit),
        confirm=None if confirm is None else Confirm(confirm),
        constraints=[constraint(text) for text in constraints],
        where=list(where),
    )
    found.check()
    found = found if unit is None else _with_unit(found, unit)
    return found if name else replace(found, name=f"{name_of(template)}-{_mark(found)}")


def constraint(text: str) -> Constraint:
    """The limit that a text such as `latency<=0.1` or `accuracy>=0.9` gives."""
    sign = "<=" if "<=" in text else ">="
    metric, found, limit = (part.strip() for part in text.partition(sign))
    try:
        number = float(limit)
    except ValueError:
        found = ""
    if not metric or not found:
        raise SpecError(f'a constraint is written "latency<=0.1" or "accuracy>=0.9", got {text!r}.')
    return Constraint(metric, upper=number) if sign == "<=" else Constraint(metric, lower=number)


def _mark(found: Definition) -> str:
    """Tells apart studies of one program: whatever makes results incomparable makes another name."""
    told = (found.command.text, found.minimize, found.maximize, found.unit(), found.seed)
    return hashlib.sha1(repr((*told, *map(str, found.constraints))).encode()).hexdigest()[:4]


def _scheduler(template: Template, kind: str | None, max_resource: int | None) -> dict[str, str | int]:
    if max_resource is None:
        if kind not in (None, "fifo"):
            raise SpecError(
                f"--scheduler {kind} needs --max-resource: up to how many epochs, or whatever the program reports, "
                "a trial may train."
            )
        return {"type": "fifo"}
    check_count("--max-resource", max_resource)
    pauses = not {"save", "checkpoint", "target"}.isdisjoint(template.names)
    return {"type": kind or ("asha" if pauses else "stopping-asha"), "max_resource": max_resource}


def _with_unit(found: Definition, unit: str) -> Definition:
    resource = found.unit()
    named: Resource = Fraction(unit) if isinstance(resource, Fraction) else Steps(unit)
    return replace(found, resource=named)
