"""A study for TensorBoard: a folder for the study, and in it a folder for each trial.

    study.run(train, watch=[TensorBoardTracker("runs")])

Each report is a point of every metric at its resource. The configurations stand in the HPARAMS tab, how a trial
stands and why in the TEXT tab.

One event file for each trial is opened, appended to and closed, so that thousands of trials need no open files. What a
program that died has left half-written is cut off before more is appended.
"""

import importlib
import importlib.util
import json
import os
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rung.core.errors import MissingDependencyError, SpecError
from rung.core.space import Config, Scalar
from rung.integrations.news import Conclusion, Point, StudyFacts, TrialNews
from rung.integrations.tracking import Tracker

FILE = "events.out.tfevents.rung"  # TensorBoard looks for files with "tfevents" in their name
MARK = "rung.json"


class TensorBoardTracker(Tracker):
    """A watcher that writes a study for TensorBoard.

    Args:
        folder: What `tensorboard --logdir` is given; each study gets a folder of its own in it.

    Raises:
        MissingDependencyError: If tensorboard is not installed.
    """

    def __init__(self, folder: str | Path = "runs") -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise MissingDependencyError(
                "the TensorBoard tracker needs tensorboard, which is not installed. "
                "Run: pip install 'rung[tensorboard]'"
            )
        if not isinstance(folder, str | Path) or not str(folder):
            raise SpecError(f"folder of TensorBoardTracker must be a path, got {folder!r}.")
        path = Path(folder).expanduser().absolute()
        super().__init__(f"TensorBoard in {folder}", partial(TensorBoardSink, path))


class TensorBoardSink:
    """See `Sink`."""

    def __init__(self, folder: Path) -> None:
        self._root = folder
        self._folder = folder
        self._files: dict[int | None, EventFile] = {}
        self._statuses: dict[int, str] = {}

    def load(self) -> None:
        """See `Sink.load`."""
        importlib.import_module("tensorboard.plugins.hparams.plugin_data_pb2")

    def open(self, study: StudyFacts) -> int:
        """See `Sink.open`."""
        self._folder = self._root / f"{study.name}-{study.id[:6]}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files.clear()
        mark = self._folder / MARK
        return int(json.loads(mark.read_text())["events"]) if mark.exists() else 0

    def last_step(self, trial: int | None) -> int:
        """See `Sink.last_step`."""
        return self._file(trial).last_step

    def tell_trial(self, news: TrialNews) -> None:
        """See `Sink.tell_trial`."""
        trial = news.trial
        file = self._file(trial.number)
        events = [] if file.begun else [_event(news.created, 0, _session_start(trial.config, news.created))]
        events += _points(news.points)
        if self._statuses.get(trial.number) != trial.status:
            self._statuses[trial.number] = trial.status
            events.append(_event(news.time, trial.resource, _text(_standing(news))))
            if trial.status in _ENDS:
                events.append(_event(news.time, trial.resource, _session_end(_ENDS[trial.status], news.time)))
        file.append(events)

    def tell_study(self, best: list[Point], seq: int) -> None:
        """See `Sink.tell_study`."""
        self._file(None).append(_points(best))
        new = self._folder / f"{MARK}.new"
        new.write_text(json.dumps({"events": seq}))
        new.replace(self._folder / MARK)

    def close(self, end: Conclusion) -> None:
        """See `Sink.close`."""
        for name, text in end.files.items():
            (self._folder / name).write_text(text, encoding="utf-8")
        words = [f"**{end.words}**", *(f"`{name}`\n\n```json\n{text}```" for name, text in end.files.items())]
        summary = _text("\n\n".join(words))
        self._file(None).append([_event(end.time, int(end.numbers["resource"]), summary)])

    def _file(self, trial: int | None) -> "EventFile":
        if trial not in self._files:
            folder = self._folder if trial is None else self._folder / f"trial-{trial}"
            self._files[trial] = EventFile(folder / FILE)
        return self._files[trial]


class EventFile:
    """One event file, appended to.

    Attributes:
        begun: Whether it holds anything.
        last_step: The highest step of a number in it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.last_step = 0
        self.begun = path.exists() and self._read()

    def append(self, events: Sequence[Any]) -> None:  # Any: tensorboard has no types
        """Add events; all are handed to the system when this returns."""
        if not events:
            return
        records = [event.SerializeToString() for event in events]
        if not self.begun:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            records.insert(0, _version(events[0].wall_time).SerializeToString())
        with self._path.open("ab") as file:
            file.write(b"".join(map(_framed, records)))
        self.begun = True
        self.last_step = max([self.last_step, *(event.step for event in events if _is_point(event))])

    def _read(self) -> bool:
        """Look through what is there, and cut off what was not written to its end."""
        from tensorboard.compat.proto.event_pb2 import Event

        data = self._path.read_bytes()
        whole = 0
        for record, end in _records(data):
            whole = end
            event = Event.FromString(record)
            if _is_point(event):
                self.last_step = max(self.last_step, event.step)
        if whole < len(data):
            os.truncate(self._path, whole)
        return whole > 0


def _records(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The whole records of an event file, and where each ends."""
    start = 0
    while start + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, start)
        end = start + 12 + length + 4
        if end > len(data) or data[start + 8 : start + 12] != _check(data[start : start + 8]):
            return
        yield data[start + 12 : end - 4], end
        start = end


def _framed(record: bytes) -> bytes:
    """A record as it stands in the file: its length and itself, each with a checksum."""
    length = struct.pack("<Q", len(record))
    return length + _check(length) + record + _check(record)


def _check(data: bytes) -> bytes:
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    return struct.pack("<I", masked_crc32c(data))


# Events; Any stands for protocol buffers of tensorboard, which has no types


def _version(time: float) -> Any:
    from tensorboard.compat.proto.event_pb2 import Event

    return Event(wall_time=time, file_version="brain.Event:2")


def _event(time: float, step: int, summary: Any) -> Any:
    from tensorboard.compat.proto.event_pb2 import Event

    return Event(wall_time=time, step=step, summary=summary)


def _points(points: Sequence[Point]) -> list[Any]:
    from tensorboard.compat.proto.summary_pb2 import Summary

    return [
        _event(
            point.time,
            point.resource,
            Summary(value=[Summary.Value(tag=name, simple_value=x) for name, x in point.metrics.items()]),
        )
        for point in points
    ]


def _is_point(event: Any) -> bool:
    return any(value.WhichOneof("value") == "simple_value" for value in event.summary.value)


def _text(markdown: str) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING
    from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData

    content = TextPluginData(version=0).SerializeToString()
    plugin = SummaryMetadata.PluginData(plugin_name="text", content=content)
    tensor = TensorProto(dtype=DT_STRING, string_val=[markdown.encode()])
    return Summary(
        value=[Summary.Value(tag="rung", metadata=SummaryMetadata(plugin_data=plugin), tensor=tensor)]
    )


def _standing(news: TrialNews) -> str:
    trial = news.trial
    lines = [f"**{trial.status}**: {trial.why}"]
    if trial.parent is not None:
        lines.append(f"started from trial {trial.parent}")
    if news.checkpoint is not None:
        lines.append(f"checkpoint: `{news.checkpoint}`")
    return "\n\n".join(lines)


def _session_start(config: Config, time: float) -> Any:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionStartInfo

    start = SessionStartInfo(start_time_secs=time)
    for name, value in config.items():
        _set(start.hparams[name], value)
    return _of_plugin("session_start_info", HParamsPluginData(session_start_info=start, version=0))


def _session_end(status: str, time: float) -> Any:
    from tensorboard.plugins.hparams.api_pb2 import Status
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo

    end = SessionEndInfo(status=Status.Value(status), end_time_secs=time)
    return _of_plugin("session_end_info", HParamsPluginData(session_end_info=end, version=0))


_ENDS = {"complete": "STATUS_SUCCESS", "stopped": "STATUS_SUCCESS", "failed": "STATUS_FAILURE"}


def _of_plugin(name: str, data: Any) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata

    plugin = SummaryMetadata.PluginData(plugin_name="hparams", content=data.SerializeToString())
    metadata = SummaryMetadata(plugin_data=plugin)
    return Summary(value=[Summary.Value(tag=f"_hparams_/{name}", metadata=metadata)])


def _set(field: Any, value: Scalar) -> None:
    match value:
        case bool():
            field.bool_value = value
        case int() | float():
            field.number_value = value
        case _:
            field.string_value = str(value)
