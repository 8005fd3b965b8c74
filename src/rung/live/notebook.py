"""The view in a notebook: one piece of HTML below the cell that changes while the study runs."""

import sys
import threading
import time
from typing import Any

from rung.core.event import AnyEvent
from rung.core.why import plural
from rung.live import phrases
from rung.live.scene import Running, Scene
from rung.markup import (
    Content,
    Markup,
    bar,
    card,
    colored,
    curve,
    faint,
    grid,
    html,
    line,
    pairs,
    strong,
    together,
)
from rung.watching import RunBegun, RunEnded, StudyView
from rung.words import STATUSES, duration, number, short, units

REDRAW_S = 0.5
RUNNING_ROWS = 8


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook, which can show HTML."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


class Notebook:
    """A watcher that shows HTML, from a thread of its own, twice a second at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def begin(self, run: RunBegun) -> None:
        """Show it for the first time, in the cell that runs."""
        self._scene = Scene(run)
        self._heard = time.monotonic()
        self._over = threading.Event()
        self._display = _ipython().DisplayHandle()
        self._display.display(self._picture())
        self._thread = threading.Thread(target=self._redraw, name="rung notebook", daemon=True)
        self._thread.start()

    def __call__(self, event: AnyEvent, view: StudyView) -> None:
        """Learn an event."""
        with self._lock:
            self._scene.apply(event, view)
            self._heard = time.monotonic()

    def end(self, run: RunEnded) -> None:
        """Show how it ended."""
        self._over.set()
        self._thread.join()
        self._scene.end(run)
        self._display.update(self._picture())

    def _redraw(self) -> None:
        while not self._over.wait(REDRAW_S):
            self._display.update(self._picture())

    def _picture(self) -> object:
        with self._lock:
            return _ipython().HTML(page(self._scene, time.monotonic() - self._heard))


def page(scene: Scene, late_s: float) -> Markup:
    """The scene as HTML, as of `late_s` seconds after the last event."""
    aside = f"{phrases.goals(scene)} · {scene.method} · {duration(scene.elapsed(late_s))}"
    now = phrases.now(scene)
    rows = {**_budget(scene, late_s), **_best(scene), "status": _counts(scene)}
    rows |= {"now": colored(now, "warning")} if now and scene.ended is None else {}
    rows |= {"ended": html(now.removeprefix("ended: "))} if now and scene.ended is not None else {}
    header, rungs = phrases.rung_rows(scene)
    return card(
        scene.name,
        aside,
        pairs(rows),
        grid(header, [[cell or faint("·") for cell in row] for row in rungs]) if rungs else Markup(""),
        _running(scene, late_s),
        _failures(scene),
    )


def _budget(scene: Scene, late_s: float) -> dict[str, Content]:
    rows: dict[str, Content] = {}
    for part in scene.parts(late_s):
        spent, percent, left = phrases.part(part)
        rows[part.unit] = Markup(
            together(bar(phrases.share(part))) + together(spent, f" ({percent}) ", faint(left))
        )
    name, words = phrases.spent(scene, late_s)
    return {**rows, name: words}


def _best(scene: Scene) -> dict[str, Content]:
    if len(scene.objectives) > 1:
        return _front(scene)
    best = scene.incumbent
    if best is None:
        return {"best": "none yet"}
    value = colored(strong(f"{scene.objectives[0].metric} {number(scene.incumbent_value)}"), "best")
    where = html(f" trial {best.trial} at {units(best.resource, scene.unit)}")
    curves = [
        Markup(html(f"{name} ") + line)
        for name, points in _curves(scene, best.trial)
        if (line := curve(points))
    ]
    rows: dict[str, Content] = {
        "best": Markup(value + where),
        "configuration": short(scene.config(best.trial)),
    }
    return {**rows, "curves": Markup("".join(curves))} if curves else rows


def _curves(scene: Scene, best: int) -> list[tuple[str, list[tuple[float, float]]]]:
    return [
        ("best so far", scene.best_so_far.steps(scene.n_reports)),
        ("its training", scene.curve(best).points),
    ]


def _front(scene: Scene) -> dict[str, Content]:
    front = scene.front
    if not front.losses:
        return {"front": "none yet"}
    found = f"{units(len(front.losses), 'trial')} at {units(front.resource, scene.unit)} that no other one dominates"
    rows: dict[str, Content] = {"front": strong(found)}
    for i, goal in enumerate(scene.objectives):
        trial, losses = front.best(i)
        rows[f"best {goal.metric}"] = f"{number(goal.value(losses[i]))} (trial {trial})"
    return rows


def _counts(scene: Scene) -> Markup:
    found = [
        colored(f"{scene.counts[status]} {status}", status) for status in STATUSES if scene.counts.get(status)
    ]
    return Markup(" · ".join(found)) if found else html("none yet")


def _running(scene: Scene, late_s: float) -> Markup:
    jobs = scene.jobs
    if not jobs:
        return Markup("")
    header = [
        "running",
        "worker",
        "",
        plural(scene.unit, None),
        scene.objectives[0].metric,
        "for",
        "configuration",
    ]
    shown = jobs if len(jobs) <= RUNNING_ROWS + 1 else jobs[:RUNNING_ROWS]
    rows = [_job(scene, job, late_s) for job in shown]
    rest = line(phrases.others(scene.unit, jobs[len(shown) :])) if len(shown) < len(jobs) else ""
    return Markup(grid(header, rows, words=(0, 1, 2, 6)) + rest)


def _job(scene: Scene, job: Running, late_s: float) -> list[Content]:
    return [
        f"#{job.trial}",
        f"w{job.worker}",
        bar(job.position / job.target, "6em"),
        f"{job.position}/{job.target}",
        number(job.value),
        phrases.since(scene, job, late_s),
        faint(short(scene.config(job.trial))),
    ]


def _failures(scene: Scene) -> Markup:
    rows: dict[str, Content] = {
        trials: Markup(colored(failed.type, "failed") + html(f" {failed.message}"))
        for trials, failed in phrases.failures(scene)
    }
    return Markup(line("failed") + pairs(rows)) if rows else Markup("")


def _ipython() -> Any:  # its functions have no types
    from IPython import display

    return display
