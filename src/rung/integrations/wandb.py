"""A study in Weights & Biases: a group of runs, one for the study and one for each trial.

    study.run(train, watch=[WandbTracker("digits")])
    study.run(train, watch=[WandbTracker("digits", mode="offline")])    # later: wandb sync wandb/offline-run-*

The configuration is the run's config, the step of a metric is the resource. How a trial stands and why, and where its
last checkpoint lies, is in the run's summary under `rung/`; its status is also a tag.
"""

import importlib
import importlib.util
import json
import netrc
import os
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from rung.core.errors import MissingDependencyError, SpecError
from rung.integrations.news import Conclusion, Point, StudyFacts, TrialNews
from rung.integrations.tracking import Tracker
from rung.integrations.wandb_files import last_step

MODES = ("online", "offline", "disabled")
MAX_OPEN = 50  # runs that are open at a time
CONNECT_S = 20.0

Run = Any  # wandb's; the library is not there for everyone who checks types


class WandbTracker(Tracker):
    """A watcher that logs a study to Weights & Biases.

    Args:
        project: Its name there; None: WANDB_PROJECT, else the study's name.
        mode: "online", "offline" (files in WANDB_DIR or here, for `wandb sync`) or "disabled"; None: WANDB_MODE,
            else online.

    Raises:
        MissingDependencyError: If wandb is not installed.
        SpecError: If there is no such mode.
    """

    def __init__(self, project: str | None = None, mode: str | None = None) -> None:
        if importlib.util.find_spec("wandb") is None:
            raise MissingDependencyError(
                "the W&B tracker needs wandb, which is not installed. Run: pip install 'rung[wandb]'"
            )
        mode = mode or os.environ.get("WANDB_MODE") or "online"
        if mode not in MODES:
            raise SpecError(f"mode of WandbTracker must be one of {', '.join(MODES)}, got {mode!r}.")
        if project is not None and (not isinstance(project, str) or not project):
            raise SpecError(f"project of WandbTracker must be a text, got {project!r}.")
        super().__init__(f"W&B ({mode})", partial(WandbSink, project, mode))


class WandbSink:
    """See `Sink`. Runs have ids made of the study's, so they are the same for each run of the study."""

    def __init__(self, project: str | None, mode: str) -> None:
        self._project = project
        self._mode = mode
        self._study: StudyFacts
        self._folder = Path()
        self._run: Run = None
        self._runs: OrderedDict[int, Run] = OrderedDict()  # open ones, the one that was told last at the end
        self._standings: dict[int, str] = {}

    def load(self) -> None:
        """See `Sink.load`."""
        importlib.import_module("wandb")

    def open(self, study: StudyFacts) -> int:
        """See `Sink.open`."""
        import wandb

        if self._mode == "online" and not _has_key(wandb.setup().settings):
            raise ConnectionError('no API key: run `wandb login`, or take mode="offline"')
        self._study = study
        if self._run is None:
            self._run = self._started("study", study.name, "study", study.spec.to_builtins())
        self._folder = Path(self._run.settings.wandb_dir)
        mark = self._mark()
        return int(json.loads(mark.read_text())["events"]) if mark.exists() else 0

    def last_step(self, trial: int | None) -> int:
        """See `Sink.last_step`."""
        return last_step(self._folder, self._id("study" if trial is None else str(trial)))

    def tell_trial(self, news: TrialNews) -> None:
        """See `Sink.tell_trial`."""
        trial = news.trial
        known = self._standings.get(trial.number)
        if known == trial.status and not news.points:
            return
        run = self._trial_run(news)
        for point in news.points:
            run.log(point.metrics, step=point.resource, commit=True)
        if known != trial.status:
            self._standings[trial.number] = trial.status
            run.tags = (trial.status,)
        run.summary.update(_summary(news))
        if trial.status in ("complete", "stopped", "failed"):
            del self._runs[trial.number]
            run.finish(exit_code=int(trial.status == "failed"))

    def tell_study(self, best: list[Point], seq: int) -> None:
        """See `Sink.tell_study`."""
        for point in best:
            self._run.log(point.metrics, step=point.resource, commit=True)
        mark = self._mark()
        if self._mode == "disabled":
            return
        new = mark.with_suffix(".new")
        new.write_text(json.dumps({"events": seq}))
        new.replace(mark)

    def close(self, end: Conclusion) -> None:
        """See `Sink.close`."""
        from tempfile import TemporaryDirectory

        import wandb

        for run in self._runs.values():
            run.finish()
        self._runs.clear()
        summary: dict[str, object] = {f"rung/{name}": value for name, value in end.numbers.items()}
        summary["rung/ended"] = end.words
        if end.best is not None:
            summary["rung/best_trial"] = end.best.number
            summary["rung/best_config"] = end.best.config
        self._run.summary.update(summary)
        artifact = wandb.Artifact(f"rung-{self._study.id}", type="configuration")
        with TemporaryDirectory() as folder:
            for name, text in end.files.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
                artifact.add_file(str(Path(folder) / name))
        self._run.log_artifact(artifact)
        self._run.finish(exit_code=int(end.outcome == "failed"))
        self._run = None

    def _trial_run(self, news: TrialNews) -> Run:
        trial = news.trial
        run = self._runs.pop(trial.number, None)
        if run is None:
            if len(self._runs) >= MAX_OPEN:
                self._runs.popitem(last=False)[1].finish()
            about = {"trial": trial.number, "source": trial.source}
            if trial.parent is not None:
                about["parent"] = trial.parent
            config = {**trial.config, "rung": about}
            run = self._started(str(trial.number), f"trial {trial.number}", "trial", config)
        self._runs[trial.number] = run
        return run

    def _started(self, which: str, name: str, kind: str, config: Mapping[str, object]) -> Run:
        import wandb

        settings = wandb.Settings(
            silent=True,  # else some lines on the terminal for each trial
            console="off",
            init_timeout=CONNECT_S,
            x_disable_stats=True,  # the machine is not the trial's
        )
        return wandb.init(
            project=self._project or os.environ.get("WANDB_PROJECT") or self._study.name,
            id=self._id(which),
            name=name,
            group=f"{self._study.name}-{self._study.id[:6]}",
            job_type=kind,
            config=dict(config),
            mode=self._mode,  # type: ignore[arg-type, unused-ignore]  # one of MODES
            resume="allow" if self._mode == "online" else None,
            dir=os.environ.get("WANDB_DIR"),  # wandb itself keeps the one that it has seen first
            reinit="create_new",
            settings=settings,
        )

    def _id(self, which: str) -> str:
        return f"{self._study.id}-{which}"

    def _mark(self) -> Path:
        return self._folder / f"rung-{self._study.id}.json"


def _summary(news: TrialNews) -> dict[str, object]:
    trial = news.trial
    found: dict[str, object] = {
        "rung/status": trial.status,
        "rung/why": trial.why,
        "rung/resource": trial.resource,
        "rung/seconds": trial.seconds,
    }
    if news.checkpoint is not None and trial.status not in ("stopped", "failed"):  # theirs are deleted
        found["rung/checkpoint"] = str(news.checkpoint)
    return found


def _has_key(settings: Any) -> bool:  # Any: wandb's Settings
    """Whether wandb can log in without asking on the terminal."""
    if settings.api_key or getattr(settings, "identity_token_file", None):
        return True
    try:
        path = os.environ.get("NETRC")
        return netrc.netrc(path).authenticators(urlparse(settings.base_url).hostname or "") is not None
    except (OSError, netrc.NetrcParseError):
        return False
