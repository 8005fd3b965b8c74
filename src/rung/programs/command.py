"""A program as a training function: `docs/command-programs.md` is the protocol that it keeps to.

The program stands still while its trial is held: it is suspended as soon as its report at the target has been read, and
goes on if the trial does. A program that ends at its target is started again, from its own checkpoint where it
saved one.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rung.core.constraint import Constraints
from rung.core.errors import MisuseError
from rung.core.objective import Objectives
from rung.core.resource import Resource
from rung.executors.failure import TrainingError
from rung.programs.failures import failure
from rung.programs.process import Process
from rung.programs.reports import Report, Reports
from rung.programs.template import Template
from rung.programs.words import Words
from rung.stores.checkpoints import Save
from rung.trial import Trial

_PREFIX = "RUNG_"


@dataclass(frozen=True, slots=True)
class _Point:
    """From where a program goes on.

    Attributes:
        step: The step that was trained last.
        checkpoint: What it saved there; None: nothing, or nothing is needed.
    """

    step: int
    checkpoint: Path | None = None


class Command:
    """A training function that runs a program.

    Args:
        template: The command.
        objectives: Of the study.
        resource: Of the study.
        limits: Of the study.
    """

    def __init__(
        self, template: Template, objectives: Objectives, resource: Resource, limits: Constraints = ()
    ) -> None:
        self.template = template
        self.resource = resource
        names = [*(goal.metric for goal in objectives), *(limit.metric for limit in limits)]
        self.metrics = tuple(dict.fromkeys(names))
        self.words = Words(template.program, resource.unit, self.metrics)
        self.__name__ = template.program

    def __call__(self, trial: Trial) -> None:
        """Run the program, as often as the trial needs it to."""
        with _folder(trial) as folder:
            if self.resource.restarts:
                self._train_once(trial, folder)
                return
            point: _Point | None = _Point(trial.resource, _only_entry(trial.checkpoint))
            attempt = 0
            while point is not None:
                run = _Run(self, trial, folder, attempt, point)
                point = run.train()
                attempt += 1

    def _train_once(self, trial: Trial, folder: Path) -> None:
        """Run it to its end; its last report counts."""
        reports = Reports(self.metrics)
        last: Report | None = None
        with _start(self, trial, folder, folder / "save-0", _Point(0)) as process:
            for line in process.lines():
                last = next(reversed(reports.read(line)), last)
            self.check_status(process)
            last = next(reversed(reports.rest()), last)
            if last is None:
                raise MisuseError(self.silent(reports, process))
        if not set(self.metrics) <= set(last.metrics):
            raise MisuseError(self.words.lacking(last.metrics, trial.target))
        trial.report(last.metrics, step=trial.target)

    def check_status(self, process: Process) -> None:
        """Raise what the end of a program means, if it was a bad one."""
        assert process.status is not None
        found = failure(self.template.program, process.status, process.errors)
        if found is not None:
            raise TrainingError(found)

    def silent(self, reports: Reports, process: Process) -> str:
        """Why there was no report."""
        on_stderr = reports.has_objective(process.errors.decode(errors="replace"))
        return self.words.silent(reports.broken, reports.others, on_stderr)


class _Run:
    """One process of a trial.

    Attributes:
        step: The step of its last report.
        saved: What it saved there.
    """

    def __init__(self, command: Command, trial: Trial, folder: Path, attempt: int, point: _Point) -> None:
        self._command = command
        self._words = command.words
        self._trial = trial
        self._folder = folder
        self._save = folder / f"save-{attempt}"
        self._first = point
        self._target = trial.target  # what the program is told
        self._saved: Path | None = None
        self._step = point.step

    def train(self) -> _Point | None:
        """Let it train.

        Returns:
            From where the next process goes on; None if the trial was left.
        """
        command, trial = self._command, self._trial
        reports = Reports(command.metrics)
        with _start(command, trial, self._folder, self._save, self._first) as process:
            for line in process.lines():
                for report in reports.read(line):
                    if not self._take(report, process):
                        return None
            command.check_status(process)
            for report in reports.rest():
                if not self._take(report, process):
                    return None
            self._check_end(reports, process)
        return self._next()

    def _take(self, report: Report, process: Process) -> bool:
        """Hand a report on; whether the trial goes on."""
        step = self._step + 1 if report.step is None else report.step
        if step <= self._step:
            raise MisuseError(self._words.backwards(step, self._step))
        self._step = step
        self._keep(report.saved)
        trial = self._trial
        if step <= trial.resource:  # trained again, as it had not been saved; it was counted then
            return True
        if step > trial.target:
            raise MisuseError(self._words.beyond(step, trial.target))
        if step < trial.target:
            return trial.report(report.metrics, step=step, save=self._saver())
        if not set(self._command.metrics) <= set(report.metrics):
            raise MisuseError(self._words.lacking(report.metrics, step))
        process.suspend()
        goes_on = trial.report(report.metrics, step=step, save=self._saver())
        if goes_on:
            process.resume()
        return goes_on

    def _keep(self, name: str | None) -> None:
        """Note what was saved with the present report; what was saved before is of no use any more."""
        before, self._saved = self._saved, None
        if name is not None:
            self._saved = self._save / name
            if not self._saved.exists():
                raise MisuseError(self._words.unsaved(name))
        if before is not None and name is not None and before != self._saved:
            _delete(before)

    def _saver(self) -> Save | None:
        saved = self._saved
        return None if saved is None else lambda folder: _copy(saved, folder / saved.name)

    def _check_end(self, reports: Reports, process: Process) -> None:
        """Raise unless a program that has ended well had come as far as it was told to."""
        if self._step == self._first.step:
            raise MisuseError(self._command.silent(reports, process))
        if self._command.resource.needs_checkpoint and self._step < self._target:
            raise MisuseError(self._words.early(self._step, self._target))

    def _next(self) -> _Point:
        """Where the next process begins: where this one ended, if that was saved or carries nothing over."""
        if self._saved is not None or not self._command.resource.needs_checkpoint:
            return _Point(self._step, self._saved)
        return _Point(0)


def _start(command: Command, trial: Trial, folder: Path, save: Path, point: _Point) -> Process:
    save.mkdir()
    config = folder / "config.json"
    config.write_text(json.dumps(trial.config), encoding="utf-8")
    told: dict[str, int | str | None] = {
        "trial": trial.number,
        "seed": trial.seed,
        "start": point.step,
        "target": trial.target,
        "checkpoint": None if point.checkpoint is None else str(point.checkpoint),
        "save": str(save),
    }
    words = command.template.fill({**told, **trial.config})
    told |= {"config": str(config), "reports": str(folder / "reports")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}
    environment.setdefault("PYTHONUNBUFFERED", "1")  # else Python's lines come only when many are there
    environment |= {_PREFIX + name.upper(): str(value) for name, value in told.items() if value is not None}
    return Process(words, environment, folder / "reports")


@contextmanager
def _folder(trial: Trial) -> Iterator[Path]:
    """A folder for the files of a program, gone at the end."""
    folder = trial.folder / "program"
    shutil.rmtree(folder, ignore_errors=True)  # of a worker that was killed
    folder.mkdir()
    os.mkfifo(folder / "reports")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # not empty: the trial's own
            folder.parent.rmdir()


def _only_entry(checkpoint: Path | None) -> Path | None:
    """What the program had saved, in the folder of the checkpoint."""
    return None if checkpoint is None else next(checkpoint.iterdir())


def _copy(source: Path, place: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, place, symlinks=True)
    else:
        shutil.copy2(source, place)


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
