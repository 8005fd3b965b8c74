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
        by: What trials were compared by, where that is not just their one objective.
    """

    rule: str
    resource: int | None = None
    rank: int | None = None
    of: int | None = None
    keep: int | None = None
    value: float | None = None
    threshold: float | None = None
    trial: int | None = None
    by: str | None = None


SENTENCES = {
    # decisions of schedulers
    "new": "a new trial, as no other one is due to go on",
    "fifo": "each trial runs to {resource} {unit}",
    "promoted": "promoted from {resource} {unit}: {among}{by}",
    "not promoted": "{rank} of {of} at {resource} {unit}{by}, {kept}",
    "extended": "goes on at {resource} {unit}: {among}{by}",
    "extended early": "goes on at {resource} {unit}: only {of} have arrived, too few to judge",
    "stopped": "not {among}{by}, at {resource} {unit}",
    "complete": "reached the last level, {resource} {unit}",
    "at the barrier": "waits at {resource} {unit} until its rung is complete ({of} to come)",
    "pilot": "a new trial, whose first {unit} tells what it costs",
    "to its rung": "goes on to its rung, at a cost of {threshold:.4g}: {resource} {unit} cost it {value:.4g}",
    "unpriced": "goes on after {resource} {unit}, as nothing tells yet what they cost",
    "promoted at cost": "promoted from a cost of {threshold:.4g}, at {resource} {unit}: {among}",
    "not promoted at cost": "{rank} of {of} at a cost of {threshold:.4g} ({resource} {unit}), {kept}",
    "extended at cost": "goes on from a cost of {threshold:.4g}, at {resource} {unit}: {among}",
    "extended early at cost": "goes on from a cost of {threshold:.4g}, at {resource} {unit}: only {of} arrived so far, "
    "too few to judge",
    "stopped at cost": "not {among} at a cost of {threshold:.4g}, at {resource} {unit}",
    "complete at cost": "reached the last level, a cost of {threshold:.4g}, at {resource} {unit}",
    "below its rung": "rests below its rung, which begins at {resource} {unit} now",
    "preempted": "gives its worker at {resource} {unit} to trial {trial}, which was promoted",
    "waits for its turn": "gave its worker to a promotion at {resource} {unit}; goes on before any new trial begins",
    "has its turn": "goes on at {resource} {unit}, as no promotion is due to which it had given its worker",
    "highest so far": "waits at {resource} {unit}, the highest level as long as the order of trials stays",
    "worse than median": "its best, {value:.4g}, is worse than the median average of {of} complete trials up to "
    "{resource} {unit}, {threshold:.4g}",
    "worse than percentile": "its best, {value:.4g}, is worse than the percentile of {of} complete trials at "
    "{resource} {unit}, {threshold:.4g}",
    "worse by constraints": "breaks the constraints by more than those of the {of} complete trials compared with "
    "at {resource} {unit}",
    "replaced": "replaced by trial {trial}, which goes on from a better one",
    # freeze-thaw
    "thawed": "goes on at {resource} {unit}: nothing at rest promises more; it is expected to end at {value:.4g}, the "
    "best at {threshold:.4g}",
    "thawed early": "goes on at {resource} {unit}, as no new trial is allowed and too little is known to compare "
    "curves",
    "frozen": "rests at {resource} {unit}: it is expected to end at {value:.4g}, the best at {threshold:.4g}",
    "frozen early": "rests at {resource} {unit} until enough is known to compare curves",
    "nothing to gain": "the {of} trials at rest are not expected to become better than the best, and no new one is "
    "allowed",
    # races and gates, where units are instances
    "joins race": "joins a race of {of}, all of which see {resource} {unit} before the first test",
    "around elite": "drawn around trial {trial}, the {rank} of {of} elites of the last race",
    "races on": "one of {of} that no test has ruled out, which all go on to {resource} {unit}",
    "races ahead": "goes ahead to {resource} {unit}, where a worker would wait for {of} others to be tested",
    "ruled out": "worse than trial {trial} on {resource} {unit}: p = {value:.2g}, below {threshold:.2g}, "
    "in a test of {of}",
    "no elite": "{rank} of {of} left at the end of its race, over {resource} {unit}: only the best {keep} are kept",
    "in the race": "waits at {resource} {unit} for the next test, which {of} others have to come to",
    "survivor": "{rank} of {of} that the last race has left, over {resource} {unit}",
    "races over": "{of} evaluations were made, and what is left of max_evaluations pays for no further race",
    "first incumbent": "the incumbent, until another one beats it",
    "incumbent plays on": "the incumbent, which goes on to {resource} {unit}, where challengers are compared with it",
    "challenges": "challenges trial {trial}, the incumbent, on up to {resource} {unit}",
    "undecided": "won {value:.0%} of {resource} {unit} against trial {trial}, the incumbent: not decided yet",
    "passed the gate": "the incumbent: won {value:.0%} of {resource} {unit} against trial {trial}, the one before; "
    "that is more than {threshold:.0%} with confidence",
    "turned away": "won {value:.0%} of {resource} {unit} against trial {trial}, the incumbent: not more than "
    "{threshold:.0%} with confidence",
    "cannot pass": "won {value:.0%} of {resource} {unit} against trial {trial}, the incumbent: to win the {of} that "
    "are left would not be enough",
    "not passed": "won {value:.0%} of {resource} {unit} against trial {trial}, the incumbent: not enough to be sure of "
    "more than {threshold:.0%}",
    "dethroned": "beaten by trial {trial}, which won {value:.0%} of {resource} {unit}",
    "heir": "the incumbent, as trial {trial} has failed or was stopped",
    # population-based training
    "founder": "one of the {of} with which the population begins",
    "keeps up": "{rank} of {of} members at {resource} {unit}",
    "alone": "there was nobody to compare it with at {resource} {unit}",
    "truncation selection": "in place of the {rank} of {of} members, from where trial {trial} was at {resource} "
    "{unit}, one of the best",
    "tournament selection": "in place of the {rank} of {of} members, from where trial {trial} was at {resource} "
    "{unit}, a better one that it met",
    "successor": "in place of a member that failed or was stopped, from where trial {trial} was at {resource} {unit}, "
    "one of the best",
    "waits its turn": "waits its turn at {resource} {unit}: the least trained goes first",
    "waits for its generation": "waits at {resource} {unit} until all of its generation have arrived",
    "generation": "the generation waits for {of} that are on their way",
    "population done": "every member of the population is trained to the end",
    # schedules
    "scheduled": "the schedule leads to {resource} {unit} with this configuration",
    "continued": "goes on as trial {trial}, with the next configuration",
    "broken off": "the schedule cannot go on: trial {trial} failed or was stopped",
    "no checkpoint": "the schedule cannot go on: trial {trial} has no checkpoint at {resource} {unit}",
    "scheduled to the end": "the schedule is trained to its end",
    # audits of early stopping
    "audit": "an audit: finished to see what stopping it at {resource} {unit} has cost",
    "audited": "stopped for the search at {resource} {unit}, and finished by an audit",
    "audit failed": "stopped for the search at {resource} {unit}; an audit that went on with it failed",
    "stops too much": "of the trials stopped at {resource} {unit}, audits show {value:.2g} or more to be better than "
    "the best, where {threshold:.2g} is allowed",
    # confirmations
    "confirm": "confirms trial {trial}: trained anew with another seed",
    "neighbour": "near trial {trial}, to see whether that is a lucky one",
    "reserve": "the search is over: {value:.0%} of the budget confirm its leaders",
    "time to confirm": "the rest of the time confirms the leaders of the search",
    "confirmed": "the leaders are confirmed",
    # the life of a job
    "again": "granted again after its job ended short at {resource} {unit}",
    "running": "training towards {resource} {unit}",
    "owed": "its job ended short and is next in line, towards {resource} {unit}",
    "worker leaves": "the machine of its worker is about to be taken away",
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
    numbers["by"] = f" by {why.by}" if why.by is not None else ""
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
