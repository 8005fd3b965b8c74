"""A scene as lines of text that fit a screen: what matters most stands first and is kept longest."""

from rich.text import Text

from rung.core.decision import Status
from rung.core.why import plural
from rung.live import phrases
from rung.live.columns import Cell, Section, bar, share, spread, table
from rung.live.curves import sparkline
from rung.live.scene import Running, Scene
from rung.words import STATUSES, duration, number, short, units

LABEL = 9  # columns of the words at the left
TALL = 30  # lines from which on there are empty ones between the blocks
ROOMY = 100  # columns from which on running trials show their configurations
WIDEST = 40  # columns of a curve
FAILURES = 3
COLORS: dict[Status, str] = {"running": "cyan", "complete": "green", "failed": "red"}


def draw(scene: Scene, late_s: float, width: int, height: int) -> list[Text]:
    """At most `height` lines of at most `width` columns, as of `late_s` seconds after the last event."""
    top = [
        _head(scene, late_s, width),
        *_budget(scene, late_s, width),
        *_best(scene, width),
        *_trials(scene),
    ]
    failures, rungs, running = _failures(scene), _rungs(scene), _running(scene, late_s, width)
    gaps = 3 if height >= TALL else 0
    given = share(height - len(top) - gaps, [failures, rungs, running])
    blocks = [top, rungs.lines(given[1]), running.lines(given[2]), failures.lines(given[0])]
    lines = _joined([block for block in blocks if block], height)
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _joined(blocks: list[list[Text]], height: int) -> list[Text]:
    """The blocks one below the other, with empty lines between them where there is room."""
    lines = [line for block in blocks for line in block]
    if len(lines) + len(blocks) - 1 > height:
        return lines[:height]
    return [line for i, block in enumerate(blocks) for line in ([Text(), *block] if i else block)]


def _labelled(label: str, *parts: Cell | tuple[str, str]) -> Text:
    word = label if len(label) < LABEL else f"{label[: LABEL - 2]}…"
    return Text.assemble((f"{word:<{LABEL}}", "dim"), *parts)


# What stands above


def _head(scene: Scene, late_s: float, width: int) -> Text:
    left = Text.assemble((scene.name, "bold"), f"  {phrases.goals(scene)}", (f" · {scene.method}", "dim"))
    return spread(left, Text(duration(scene.elapsed(late_s)), "bold"), width)


def _budget(scene: Scene, late_s: float, width: int) -> list[Text]:
    """A bar for each limited part, and in words what has no limit."""
    parts = scene.parts(late_s)
    words = [phrases.part(part) for part in parts]
    texts = table([[spent, percent, Text(left, "dim")] for spent, percent, left in words], left=0)
    room = min(40, width - LABEL - max((text.cell_len for text in texts), default=0) - 2)
    limited = [
        _labelled(part.unit, bar(phrases.share(part), max(room, 5)), "  ", text)
        for part, text in zip(parts, texts, strict=True)
    ]
    return [*limited, _labelled(*phrases.spent(scene, late_s))]


def _best(scene: Scene, width: int) -> list[Text]:
    if len(scene.objectives) > 1:
        return _front(scene)
    best = scene.incumbent
    if best is None:
        return [_labelled("best", ("none yet", "dim"))]
    value = f"{scene.objectives[0].metric} {number(scene.incumbent_value)}"
    where = f"  trial {best.trial} at {units(best.resource, scene.unit)}"
    where += ", which breaks a constraint" if best.violation else ""
    return [
        _labelled("best", (value, "bold green"), where),
        _labelled("", short(scene.config(best.trial))),
        _curves(scene, best.trial, width),
    ]


def _curves(scene: Scene, best: int, width: int) -> Text:
    """How the best value has changed, and how the best trial got there."""
    found = [("so far", scene.best_so_far, scene.n_reports), ("its curve", scene.curve(best), None)]
    shown = [(name, curve, end) for name, curve, end in found if len(curve.points) > 1]
    words = [(f"{name} ", f" from {number(curve.points[0][1])}  ") for name, curve, _ in shown]
    room = (width - LABEL - sum(len(before + after) for before, after in words)) // max(len(shown), 1)
    line = _labelled("")
    for (_, curve, end), (before, after) in zip(shown, words, strict=True):
        drawn = sparkline(curve, min(room, WIDEST), end)
        line.append_text(Text.assemble((before, "dim"), (drawn, "green"), (after, "dim")))
    return line


def _front(scene: Scene) -> list[Text]:
    front = scene.front
    if not front.losses:
        return [_labelled("front", ("none yet", "dim"))]
    found = f"{units(len(front.losses), 'trial')} at {units(front.resource, scene.unit)}"
    lines = [_labelled("front", (found, "bold green"), "  that no other one dominates")]
    for i, goal in enumerate(scene.objectives):
        trial, losses = front.best(i)
        value = number(goal.value(losses[i]))
        lines.append(_labelled("", ("best ", "dim"), f"{goal.metric} ", (value, "green"), f"  trial {trial}"))
    return lines


def _trials(scene: Scene) -> list[Text]:
    found = [
        Text(f"{scene.counts[status]} {status}", COLORS.get(status, ""))
        for status in STATUSES
        if scene.counts.get(status)
    ]
    lines = [_labelled("status", Text(" · ").join(found) if found else "none yet")]
    words = phrases.now(scene)
    return [*lines, _labelled("", (words, "yellow"))] if words else lines


# What may give way


def _rungs(scene: Scene) -> Section:
    header, rows = phrases.rung_rows(scene)
    cells = [[cell or Text("·", "dim") for cell in row] for row in rows]
    title, *lines = table([[Text(name, "dim") for name in header], *cells])
    return Section(title, lines, lambda n: Text(f"… and {units(n, 'more rung')}", "dim"))


def _running(scene: Scene, late_s: float, width: int) -> Section:
    jobs = scene.jobs
    names = ["running", "worker", "", plural(scene.unit, None), scene.objectives[0].metric, "for"]
    rows = [_job(scene, job, late_s) for job in jobs]
    title, *lines = table([[Text(name, "dim") for name in names], *rows], left=3)
    if width >= ROOMY:
        for line, job in zip(lines, jobs, strict=True):
            line.append(f"  {short(scene.config(job.trial))}", "dim")
    return Section(title, lines, lambda n: Text(phrases.others(scene.unit, jobs[len(jobs) - n :]), "dim"))


def _job(scene: Scene, job: Running, late_s: float) -> list[Cell]:
    return [
        f"#{job.trial}",
        f"w{job.worker} {job.node}".rstrip(),
        bar(job.position / job.target, 16),
        f"{job.position}/{job.target}",
        number(job.value),
        phrases.since(scene, job, late_s),
    ]


def _failures(scene: Scene) -> Section:
    rows = [
        _labelled(
            "" if i else "failed",
            f"{trials} ",
            (failed.type, "yellow" if failed.again else "red"),
            f": {failed.message}" if failed.message else "",
            (" (granted again)" if failed.again else "", "dim"),
        )
        for i, (trials, failed) in enumerate(phrases.failures(scene))
    ]
    return Section(None, rows[:FAILURES])
