"""What a view says of a scene in words, the same on a terminal and in a notebook."""

from collections import Counter
from collections.abc import Sequence

from rung.core.why import plural, sentence
from rung.live.rungs import Rung
from rung.live.scene import Failed, Part, Running, Scene
from rung.words import costs, duration, number, units

RUNG_COLUMNS = ("rung", "on the way", "arrived", "promoted", "waiting", "complete", "stopped", "failed")
ALWAYS = 4  # of them are shown, the others where there is something to count


def goals(scene: Scene) -> str:
    """What is optimized."""
    return ", ".join(
        f"{'maximize' if goal.maximize else 'minimize'} {goal.metric}" for goal in scene.objectives
    )


def part(found: Part) -> tuple[str, str, str]:
    """A part of the budget: what is spent of it, in percent, and how long it will last."""
    timed = found.name in ("seconds", "worker_seconds")
    word = duration if timed else number
    left = "" if found.left_s is None else f"{duration(found.left_s)} left" if found.left_s else "used up"
    spent = min(found.spent, found.limit) if timed else found.spent
    return f"{word(float(spent))} of {word(float(found.limit))}", f"{100 * share(found):.0f} %", left


def share(found: Part) -> float:
    """How much of a part of the budget is spent, from 0 to 1."""
    return min(1.0, found.spent / found.limit) if found.limit else 1.0


def spent(scene: Scene, late_s: float) -> tuple[str, str]:
    """What is spent of what has no limit, and how quickly: the name of the line, and the line."""
    budget, account, pace = scene.account.budget, scene.account, scene.pace(late_s)
    found = [units(account.trials, "trial")] if budget.trials is None else []
    found += [units(account.resource, scene.unit)] if budget.resource is None else []
    free = {name: value for name, value in account.spent.items() if name not in budget.costs}
    found += [costs(free)] if free else []
    name = "spent" if found else "pace"
    if pace:
        found.append(_pace(pace, scene.unit))
    busy = scene.busy(late_s)
    workers = units(scene.workers, "worker") + _by_node(scene)
    found.append(workers if busy is None else f"{workers}, {100 * busy:.0f} % busy")
    return name, " · ".join(found)


def _by_node(scene: Scene) -> str:
    """How many work on each machine; nothing where all are the driver's own."""
    nodes = Counter(job.node for job in scene.running.values() if job.node)
    return f" ({', '.join(f'{n} on {node}' for node, n in sorted(nodes.items()))})" if nodes else ""


def now(scene: Scene) -> str | None:
    """What there is to say of the run as a whole; None: it simply runs."""
    if scene.ended is not None:
        why = scene.ended.why
        return "ended by an error" if why is None else f"ended: {sentence(why, scene.unit)}"
    if scene.leaving is not None:
        return f"ending: {sentence(scene.leaving, scene.unit)}"
    idle = scene.workers - len(scene.running)
    if scene.idle is not None and idle > 0:
        return f"{idle} of {units(scene.workers, 'worker')} idle: {sentence(scene.idle, scene.unit)}"
    if scene.time is None:
        return f"starting {units(scene.workers, 'worker')}"
    return None


def rung_rows(scene: Scene) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of the rungs, the highest first, as on a ladder; no rows where there is only one."""
    found = sorted(scene.rungs, key=lambda rung: (rung.bracket, -rung.level))
    brackets = len({rung.bracket for rung in found}) > 1
    rows = [_rung(rung, scene.unit, brackets) for rung in found] if len(found) > 1 else []
    shown = [i for i in range(len(RUNG_COLUMNS)) if i < ALWAYS or any(row[i] for row in rows)]
    return [RUNG_COLUMNS[i] for i in shown], [[row[i] for i in shown] for row in rows]


def others(unit: str, jobs: Sequence[Running]) -> str:
    """Trials in training of which no more is said than where they go."""
    targets = Counter(job.target for job in jobs)
    where = [f"{n} to {units(target, unit)}" for target, n in sorted(targets.items(), reverse=True)]
    return f"… and {len(jobs)} more: {', '.join(where)}"


def failures(scene: Scene) -> list[tuple[str, Failed]]:
    """The last failures, the newest first; those alike are one, with the numbers of their trials."""
    alike: dict[tuple[str, str, bool], list[Failed]] = {}
    for failed in reversed(scene.failures):
        alike.setdefault((failed.type, failed.message, failed.again), []).append(failed)
    return [(", ".join(f"#{each.trial}" for each in group), group[0]) for group in alike.values()]


def since(scene: Scene, job: Running, late_s: float) -> str:
    """How long a job has been at it."""
    return "" if job.since is None or scene.time is None else duration(scene.time - job.since + late_s)


def _pace(per_second: float, unit: str) -> str:
    for seconds, name in ((1, "s"), (60, "min")):
        if per_second * seconds >= 1:
            return f"{number(round(per_second * seconds, 1))} {plural(unit, None)}/{name}"
    return f"{number(round(per_second * 3600, 1))} {plural(unit, None)}/h"


def _rung(rung: Rung, unit: str, brackets: bool) -> list[str]:
    name = units(rung.level, unit)
    at_rest = [rung.standing[status] for status in ("paused", "complete", "stopped", "failed")]
    counted = [rung.coming, rung.arrived, rung.promoted, *at_rest]
    words = [str(n) if n else "" for n in counted]
    return [f"bracket {rung.bracket}, {name}" if brackets else name, *words]
