"""A study in MLflow: a run for the study, and below it a run for each trial.

    study.run(train, watch=[MLflowTracker("http://127.0.0.1:5000", experiment="digits")])

Parameters are the configuration, steps of metrics the resource. Tags that begin with `rung.` say how a trial stands
and why, from which one it started, and where its last checkpoint lies.
"""

import importlib
import importlib.util
import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from rung.core.decision import Status
from rung.core.errors import MissingDependencyError, SpecError
from rung.core.space import Scalar
from rung.integrations.news import Conclusion, Point, StudyFacts, TrialNews
from rung.integrations.tracking import Tracker

if TYPE_CHECKING:
    from mlflow.entities import Run, RunTag
    from mlflow.tracking import MlflowClient

PROBE_S = 5.0
MAX_METRICS = 1_000  # of one request
MAX_PARAMS = 100
MAX_TEXT = 5_000  # of a parameter or a tag


class MLflowTracker(Tracker):
    """A watcher that logs a study to MLflow.

    Args:
        tracking_uri: The server or the database, such as http://127.0.0.1:5000 or sqlite:///mlflow.db; None: what
            MLflow itself would use, so MLFLOW_TRACKING_URI if it is set.
        experiment: Its name in MLflow, made if there is none; None: MLFLOW_EXPERIMENT_NAME, else the study's name.

    Raises:
        MissingDependencyError: If MLflow is not installed.
    """

    def __init__(self, tracking_uri: str | None = None, experiment: str | None = None) -> None:
        if importlib.util.find_spec("mlflow") is None:
            raise MissingDependencyError(
                "the MLflow tracker needs mlflow, which is not installed. Run: pip install 'rung[mlflow]'"
            )
        for name, value in (("tracking_uri", tracking_uri), ("experiment", experiment)):
            if value is not None and (not isinstance(value, str) or not value):
                raise SpecError(f"{name} of MLflowTracker must be a text, got {value!r}.")
        uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
        target = f"MLflow at {_without_password(uri)}" if uri else "MLflow"
        super().__init__(target, partial(MLflowSink, uri, experiment))


class MLflowSink:
    """See `Sink`. What stands for a trial is found by its tags, so it is made once."""

    def __init__(self, uri: str | None, experiment: str | None) -> None:
        self._uri = uri
        self._experiment = experiment
        self._client: MlflowClient
        self._study: StudyFacts
        self._experiment_id = ""
        self._run = ""
        self._runs: dict[int, str] = {}
        self._statuses: dict[int, str] = {}

    def load(self) -> None:
        """See `Sink.load`."""
        importlib.import_module("mlflow.tracking")

    def open(self, study: StudyFacts) -> int:
        """See `Sink.open`."""
        from mlflow.tracking import MlflowClient

        _probe(self._uri or "")
        # A line on standard output for each trial would bury what else is printed there.
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        self._study = study
        self._client = MlflowClient(self._uri)
        self._experiment_id = self._found_experiment()
        run = next(self._search("rung.kind", "study"), None)
        if run is None:
            self._run = self._made_study_run()
            return 0
        self._run = run.info.run_id
        self._client.update_run(self._run, status="RUNNING")
        for each in self._search("rung.kind", "trial"):
            self._runs[int(each.data.tags["rung.trial"])] = each.info.run_id
        return int(run.data.tags.get("rung.events", 0))

    def last_step(self, trial: int | None) -> int:
        """See `Sink.last_step`."""
        run = self._run if trial is None else self._runs.get(trial)
        if run is None:
            return 0
        keys = self._client.get_run(run).data.metrics
        return max(
            (metric.step for key in keys for metric in self._client.get_metric_history(run, key)), default=0
        )

    def tell_trial(self, news: TrialNews) -> None:
        """See `Sink.tell_trial`."""
        run = self._runs.get(news.trial.number) or self._made_trial_run(news)
        self._log(run, news.points, _tags(news))
        status = _STATUSES[news.trial.status]
        if self._statuses.get(news.trial.number) == status:
            return
        if status in ("FINISHED", "FAILED"):
            self._client.set_terminated(run, status, end_time=_ms(news.time))
        else:
            self._client.update_run(run, status=status)
        self._statuses[news.trial.number] = status

    def tell_study(self, best: list[Point], seq: int) -> None:
        """See `Sink.tell_study`."""
        self._log(self._run, best, {"rung.events": str(seq)})

    def close(self, end: Conclusion) -> None:
        """See `Sink.close`."""
        from mlflow.entities import Metric

        tags = {"rung.ended": end.words}
        if end.best is not None:
            tags["rung.best_trial"] = str(end.best.number)
        step, stamp = int(end.numbers["resource"]), _ms(end.time)
        totals = [Metric(f"study {name}", value, stamp, step) for name, value in end.numbers.items()]
        self._client.log_batch(self._run, metrics=totals, tags=_as_tags(tags))
        self._client.set_terminated(self._run, _OUTCOMES[end.outcome])
        for name, text in end.files.items():
            self._client.log_text(self._run, text, name)

    def _found_experiment(self) -> str:
        name = self._experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or self._study.name
        found = self._client.get_experiment_by_name(name)
        return str(found.experiment_id if found is not None else self._client.create_experiment(name))

    def _search(self, tag: str, value: str) -> "Iterator[Run]":
        """Runs of this study with a tag, page by page."""
        where = f"tags.`rung.study` = '{self._study.id}' and tags.`{tag}` = '{value}'"
        token = None
        while True:
            page = self._client.search_runs([self._experiment_id], where, max_results=1_000, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _made_study_run(self) -> str:
        study = self._study
        tags = {
            "mlflow.runName": study.name,
            "rung.study": study.id,
            "rung.kind": "study",
            "rung.store": study.url,
            "rung.folder": str(study.folder),
        }
        run = self._client.create_run(self._experiment_id, start_time=_ms(study.begun), tags=tags).info.run_id
        spec = study.spec.to_builtins()
        parameters = {f"scheduler.{name}": value for name, value in spec["scheduler"].items()}
        parameters |= {f"searcher.{name}": value for name, value in spec["searcher"].items()}
        parameters |= {
            ("maximize" if goal.maximize else "minimize"): goal.metric for goal in study.spec.objectives
        }
        self._log_parameters(run, {**parameters, "seed": study.spec.seed, "unit": study.spec.resource.unit})
        return str(run)

    def _made_trial_run(self, news: TrialNews) -> str:
        trial = news.trial
        tags = {
            "mlflow.runName": f"trial {trial.number}",
            "mlflow.parentRunId": self._run,
            "rung.study": self._study.id,
            "rung.kind": "trial",
            "rung.trial": str(trial.number),
            "rung.source": trial.source,
        }
        if trial.parent is not None:
            tags["rung.parent"] = str(trial.parent)
        run = self._client.create_run(self._experiment_id, start_time=_ms(news.created), tags=tags)
        self._runs[trial.number] = run.info.run_id
        self._log_parameters(run.info.run_id, trial.config)
        return self._runs[trial.number]

    def _log_parameters(self, run: str, values: Mapping[str, Scalar]) -> None:
        from mlflow.entities import Param

        parameters = (Param(_key(name), _text(str(value))) for name, value in values.items())
        while chunk := list(islice(parameters, MAX_PARAMS)):
            self._client.log_batch(run, params=chunk)

    def _log(self, run: str, points: Sequence[Point], tags: Mapping[str, str]) -> None:
        """Points and tags, in one request if they fit; a point is not torn apart, so that it is there or not."""
        from mlflow.entities import Metric

        chunk: list[Metric] = []
        for point in points:
            own = [
                Metric(_key(name), value, _ms(point.time), point.resource)
                for name, value in point.metrics.items()
            ]
            if chunk and len(chunk) + len(own) > MAX_METRICS:
                self._client.log_batch(run, metrics=chunk)
                chunk = []
            chunk += own
        for i in range(0, len(chunk) - MAX_METRICS, MAX_METRICS):  # one point of more metrics than fit
            self._client.log_batch(run, metrics=chunk[i : i + MAX_METRICS])
        self._client.log_batch(run, metrics=chunk[-MAX_METRICS:], tags=_as_tags(tags))


_STATUSES: dict[Status, str] = {
    "running": "RUNNING",
    "queued": "SCHEDULED",
    "paused": "SCHEDULED",  # it may go on
    "stopped": "FINISHED",  # MLflow's KILLED looks like a fault; the tag rung.status says what it is
    "complete": "FINISHED",
    "failed": "FAILED",
}
_OUTCOMES = {"finished": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}


def _tags(news: TrialNews) -> dict[str, str]:
    trial = news.trial
    return {
        "rung.status": trial.status,
        "rung.why": trial.why,
        "rung.seconds": f"{trial.seconds:.6g}",
        "rung.checkpoint": str(news.checkpoint or ""),
    }


def _as_tags(tags: Mapping[str, str]) -> "list[RunTag]":
    from mlflow.entities import RunTag

    return [RunTag(name, _text(value)) for name, value in tags.items()]


def _key(name: str) -> str:
    """A name that MLflow takes: letters, digits and _-. :/, and no path that leads elsewhere."""
    allowed = re.sub(r"[^/\w.\- :]", "_", name)
    return posixpath.normpath(allowed).lstrip("/.") or "_"


def _text(value: str) -> str:
    return value[:MAX_TEXT]


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _probe(uri: str) -> None:
    """Fail at once where nobody listens; MLflow itself would try for minutes."""
    import urllib.error  # slow to import, and few need it
    import urllib.request

    if not uri.startswith(("http://", "https://")):
        return
    try:
        urllib.request.urlopen(uri, timeout=PROBE_S).close()
    except urllib.error.HTTPError:
        return  # it answers
    except (urllib.error.URLError, TimeoutError) as error:
        raise ConnectionError(f"no answer: {getattr(error, 'reason', error)}") from None


def _without_password(uri: str) -> str:
    return re.sub(r"//[^/@]*@", "//", uri)
