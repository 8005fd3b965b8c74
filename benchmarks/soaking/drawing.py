"""Drawing: a random plan for a round. Schedulers and searchers come from rung's registries, so that later ones join."""

import random
from typing import Any

from rung.core.budget import Budget
from rung.core.decision import SchedulerSpec
from rung.core.errors import SpecError
from rung.core.suggestion import SearcherSpec
from rung.schedulers.registry import SCHEDULERS
from rung.searchers.registry import SEARCHERS
from rung.study import Study
from schedulers import examples
from soaking.plan import STRANGE, Mishaps, Plan

WORK_S = 6.0  # of training in each session, about, if nothing disturbs it
MOST_UNITS = 800  # in a session, however short its steps are: each costs a commit, perhaps a checkpoint

assert all(tag.startswith(STRANGE) for tag in examples.TAGS)


def draw(seed: int, number: int, store: str, *, buckets: tuple[str, ...], may_mount: bool) -> Plan:
    """The plan of a round.

    Args:
        seed: Of the soak.
        number: Of the round.
        store: Kind of database.
        buckets: Kinds of places for checkpoints that are there.
        may_mount: Whether a small file system can be had.
    """
    dice = random.Random(f"{seed}/{number}")
    while True:
        plan = _draw(dice, seed, number, store, buckets, may_mount)
        try:
            with plan.study(None, None):
                return plan
        except SpecError:  # this scheduler, searcher and kind of resource do not go together
            continue


def _draw(
    dice: random.Random, seed: int, number: int, store: str, buckets: tuple[str, ...], may_mount: bool
) -> Plan:
    strange = dice.random() < 0.3
    tags = [tag for tag in SCHEDULERS if tag.startswith(STRANGE) == strange]
    max_resource = dice.choice([4, 9, 16])
    scheduler = _options(SCHEDULERS[tag := dice.choice(tags)], tag, dice, max_resource)
    searcher_tag = dice.choice(list(SEARCHERS))
    searcher = _options(SEARCHERS[searcher_tag], searcher_tag, dice, max_resource)
    resource = "replicates" if "racing" in tag else dice.choice(["steps"] * 5 + ["replicates", "fraction"])
    workers = dice.randint(1, 4)
    step_s = dice.choice([0.004, 0.01, 0.02])
    n_sessions = dice.randint(2, 4)
    small_disk = may_mount and store == "sqlite" and dice.random() < 0.25
    bucket = "folder" if small_disk else dice.choice(["folder", *buckets])
    return Plan(
        seed,
        number,
        store,
        scheduler,
        searcher,
        resource,
        _audit(dice),
        retries=dice.choice([1, 3, 3]),
        workers=workers,
        step_s=step_s,
        save_s=dice.choice([0.0, 0.005, 0.03]),
        timeout_s=dice.choice([None, 4.0]),
        bucket=bucket,
        every_s=dice.choice([0.5, 60.0] if bucket == "s3" else [0.0, 0.05, 60.0]),
        quota_bytes=dice.choice([None, None, 40_000]),
        small_disk=small_disk,
        budgets=_budgets(dice, tag, max_resource, workers / (step_s + 0.004), n_sessions),
        mishaps=_mishaps(dice),
        faults=[dice.randint(2, 4) for _ in range(n_sessions)],
    )


def _mishaps(dice: random.Random) -> Mishaps:
    return Mishaps(
        raises=dice.choice([0.0, 0.05]),
        diverges=dice.choice([0.0, 0.05]),
        exits=dice.choice([0.0, 0.05]),
        hangs=dice.choice([0.0, 0.01]),
        dies=dice.choice([0.0, 0.005]),
        chatters=0.005,
    )


def _options(
    spec: type[SchedulerSpec] | type[SearcherSpec], tag: str, dice: random.Random, max_resource: int
) -> dict[str, Any]:
    """A spec as plain values: its own recommendations, but for what is drawn here and what it has no default for."""
    drawn = {
        "max_resource": max_resource,
        "eta": dice.choice([2, 3, 4]),
        "points": 20,
        "population": 12,
        "candidates": 15,
        "alive": 6,
    }
    known = getattr(spec, "__struct_fields__", ())
    return {"type": tag, **{name: value for name, value in drawn.items() if name in known}}


def _audit(dice: random.Random) -> float | None:
    share = dice.choice([None, 0.1])
    return share if "audit" in (Study.__init__.__kwdefaults__ or {}) else None


def _budgets(dice: random.Random, tag: str, max_resource: int, units_per_s: float, n: int) -> list[Budget]:
    """Budgets that rise from session to session, or stay."""
    units = units_per_s * WORK_S
    units_per_trial = max_resource if tag == "fifo" else 3
    by_resource = dice.random() < 0.3
    budgets, factor = [], 1.0
    for _ in range(n):
        amount = int(factor * min(units, MOST_UNITS) / (1 if by_resource else units_per_trial)) + 1
        budgets.append(Budget(resource=amount) if by_resource else Budget(trials=amount))
        factor += dice.choice([0.0, 0.7, 0.7])
    return budgets
