"""Reasons: a decision's `why` as a value, and the one place where reasons become words."""

import msgspec


class Why(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reason of a decision: a rule and the numbers that it was applied to.

    Attributes:
        rule: Name of the rule; a key of `SENTENCES`, or free words of a scheduler outside this package.
        resource: The resource at which the rule was applied.
        rank: Place among those compared, 1 is best.
        of: How many were compared.
        keep: How many of them the rule lets go on.
        value: The number that was judged.
        threshold: The number that it was judged against.
        trial: The other trial that the rule is about: the parent, the winner, the successor.
    """

    rule: str
    resource: int | None = None
    rank: int | None = None
    of: int | None = None
    keep: int | None = None
    value: float | None = None
    threshold: float | None = None
    trial: int | None = None


SENTENCES = {
    # decisions of schedulers
    "new": "a new trial, as no other one is due to go on",
    "fifo": "each trial runs to {resource} {unit}",
    "promoted": "promoted from {resource} {unit}: {among}",
    "not promoted": "{rank} of {of} at {resource} {unit}, {kept}",
    "extended": "goes on at {resource} {unit}: {among}",
    "extended early": "goes on at {resource} {unit}: only {of} have arrived, too few to judge",
    "stopped": "not {among}, at {resource} {unit}",
    "complete": "reached the last level, {resource} {unit}",
    "replaced": "replaced by trial {trial}, which goes on from a better one",
    # audits of early stopping
    "audit": "an audit: finished to see what stopping it at {resource} {unit} has cost",
    "audited": "stopped for the search at {resource} {unit}, and finished by an audit",
    "audit failed": "stopped for the search at {resource} {unit}; an audit that went on with it failed",
    "stops too much": "of the trials stopped at {resource} {unit}, audits show {value:.2g} or more to be better than "
    "the best, where {threshold:.2g} is allowed",
    # the life of a job
    "again": "granted again after its job ended short at {resource} {unit}",
    "running": "training towards {resource} {unit}",
    "owed": "its job ended short and is next in line, towards {resource} {unit}",
    "created": "created, not started",
    "failed": "failed",
    # why nothing (more) runs
    "all busy": "every trial that could go on is running",
    "barrier": "the rung waits for {of} trials that are on their way",
    "budget of trials": "the budget of {of} trials is used up",
    "budget": "what is left of the budget does not cover the next job",
    "time is up": "the {threshold:g} seconds of this run are over",
    "interrupted": "interrupted by the user",
    "exhausted": "every configuration of the space was suggested",
    "done": "no trial can go on and no new one is allowed",
    "asked": "asked for by the user",
    # what an imported study has done before
    "as it was asked under Optuna": "as it was asked under Optuna",
    "pruned under Optuna": "pruned under Optuna",
    "failed under Optuna after its last report": "failed under Optuna after its last report",
    # why a free worker waits
    "saving": "the checkpoint that it needs is still being written",
    # checkpoints
    "damaged": "its checkpoint at {resource} {unit} is damaged or gone, so it goes on from the one before, "
    "or from the start",
    "evicted": "its checkpoint at {resource} {unit} made room, as all of the study exceed quota_bytes={threshold:.0f}",
    "quota": "the checkpoints that may not be deleted take {value:.0f} bytes, more than "
    "quota_bytes={threshold:.0f}: raise it, or save less",
}


def sentence(why: Why, unit: str = "step") -> str:
    """The reason in words, with the resource's unit in the plural where it stands after a number."""
    template = SENTENCES.get(why.rule)
    if template is None:
        return _free(why)
    numbers = {name: getattr(why, name) for name in why.__struct_fields__[1:]}
    numbers["rank"] = ordinal(why.rank) if why.rank is not None else "?"
    return template.format(unit=plural(unit, why.resource), kept=_kept(why), among=_among(why), **numbers)


def ordinal(n: int) -> str:
    """The number as a rank: 1st, 2nd, 3rd, 4th, 11th."""
    suffix = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{suffix}"


def plural(unit: str, n: int | None) -> str:
    """The unit as it stands after the number `n`."""
    return unit if n == 1 or unit == "percent" else f"{unit}s"


def _kept(why: Why) -> str:
    match why.keep:
        case 0:
            return "none goes on yet"
        case 1:
            return "only the best one goes on"
        case _:
            return f"the best {why.keep} go on"


def _among(why: Why) -> str:
    return f"the best of {why.of}" if why.keep == 1 else f"among the best {why.keep} of {why.of}"


def _free(why: Why) -> str:
    numbers = [
        f"{name} {getattr(why, name)}" for name in why.__struct_fields__[1:] if getattr(why, name) is not None
    ]
    return f"{why.rule} ({', '.join(numbers)})" if numbers else why.rule
