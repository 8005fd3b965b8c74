"""What happens in a run as JSON, an object a line, for other programs. Its schema is in docs/live.md."""

import math
import threading
import time
from collections.abc import Collection
from typing import TextIO

import msgspec

from rung.core import event as ev
from rung.core.why import Why, sentence
from rung.live.scene import Running, Scene
from rung.watching import RunBegun, RunEnded, StudyView

Fields = dict[str, object]


class JsonLog:
    """A watcher that writes what matters: trials, jobs, failures, a better best, and how it began and ended.

    Each object has `event` and `time`; a value that is not finite is null. Reports stand in the study's log.

    Args:
        out: Where to.
        told: Names of the objects that are written; None: all.
    """

    def __init__(self, out: TextIO, told: Collection[str] | None = None) -> None:
        self._out = out
        self._names = told
        self._lock = threading.Lock()

    def begin(self, run: RunBegun) -> None:
        """The first object."""
        state = run.state
        self._unit = state.resource.unit
        self._scene = Scene(run)
        budget = msgspec.to_builtins(run.budget)
        goals = {goal.metric: "maximize" if goal.maximize else "minimize" for goal in state.objectives}
        self._write(
            "run_began",
            time.time(),
            study=run.name,
            store=run.url,
            folder=str(run.folder),
            objectives=goals,
            unit=self._unit,
            workers=run.workers,
            budget=budget,
            trials=state.n_trials,
            spec=run.spec,
        )

    def __call__(self, event: ev.AnyEvent, view: StudyView) -> None:
        """Write it if it matters, and whether the best has become better by it."""
        before = self._scene.incumbent
        job = self._scene.running.get(event.trial) if isinstance(event, ev.Ended) else None
        self._scene.apply(event, view)
        match event:
            case ev.Ended():
                self._write("job_ended", view.time, **_ended(event, job, view))
            case ev.Created() | ev.Started() | ev.Stopped() | ev.Idled() | ev.Closed():
                self._told(event, view.time)
            case _:
                pass
        if view.incumbent != before and len(view.objectives) == 1:
            self._write("best", view.time, **self._best())

    def end(self, run: RunEnded) -> None:
        """The last object."""
        view, account = run.view, run.view.account
        self._scene.end(run)
        self._write(
            "run_ended",
            time.time(),
            why="error" if run.why is None else run.why.rule,
            words=str(run.error) if run.why is None else self._words(run.why),
            trials=view.n_trials,
            counts={status: n for status, n in view.counts.items() if n},
            spent={
                "resource": account.resource,
                "worker_seconds": account.seconds,
                "cost": account.cost,
                **account.spent,
            },
            best=self._best() if view.incumbent is not None and len(view.objectives) == 1 else None,
            front=sorted(self._scene.front.losses),
        )

    def warning(self, message: str) -> None:
        """One of rung's own warnings."""
        self._write("warning", time.time(), message=message)

    def _told(self, event: ev.Created | ev.Started | ev.Stopped | ev.Idled | ev.Closed, time: float) -> None:
        match event:
            case ev.Created():
                fields: Fields = {
                    name: getattr(event, name) for name in ("trial", "config", "source", "parent")
                }
                self._write("trial_created", time, **fields)
            case ev.Started():
                fields = {
                    name: getattr(event, name) for name in ("job", "trial", "worker", "start", "target")
                }
                fields |= {"node": event.node} if event.node else {}
                self._write("job_started", time, **fields, why=self._words(event.why))
            case ev.Stopped():
                self._write("trial_stopped", time, trial=event.trial, why=self._words(event.why))
            case ev.Idled():
                self._write("idle", time, why=self._words(event.why))
            case ev.Closed():
                self._write("no_more_trials", time, why=self._words(event.why))

    def _best(self) -> Fields:
        scene, best = self._scene, self._scene.incumbent
        assert best is not None  # asked for only where there is one
        fields: Fields = {"trial": best.trial, "resource": best.resource}
        return {**fields, "value": _finite(scene.incumbent_value), "config": scene.config(best.trial)}

    def _words(self, why: Why) -> str:
        return sentence(why, self._unit)

    def _write(self, event: str, time: float, **fields: object) -> None:
        if self._names is not None and event not in self._names:
            return
        line = msgspec.json.encode({"event": event, "time": time, **fields}).decode()
        with self._lock:
            print(line, file=self._out, flush=True)


def _ended(event: ev.Ended, job: Running | None, view: StudyView) -> Fields:
    fields: Fields = {"job": event.job, "trial": event.trial, "outcome": event.outcome}
    if job is not None:
        fields |= {"resource": job.position, "value": _finite(job.value)}
    return {**fields, "status": view.standings.get(event.trial), "failure": event.failure}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
