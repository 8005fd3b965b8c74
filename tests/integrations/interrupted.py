"""Runs one trial twice: at one go, and left and restored at each resource. What comes out must be the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rung.core.event import Ended, Reported, Saved
from rung.core.job import Job
from rung.core.objective import objectives
from rung.core.resource import Steps
from rung.executors.base import Release, Released
from rung.trial import Trial, TrialCall


class _Channel:
    """Lets a trial go at its target, with its checkpoint."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def send(self, message: Any) -> None:
        self.said.append(message)

    def receive(self, wait: bool) -> Release | None:
        return Release(save=True) if wait else None

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.said if isinstance(message, kind)]


def reports(
    train: Callable[[Trial], object], metric: str, targets: list[int], folder: Path
) -> list[dict[str, float]]:
    """Every report of a trial that is left and restored at each of the targets."""
    call = TrialCall(train, objectives(metric, None), Steps("epoch"), folder=folder)
    found: list[dict[str, float]] = []
    start, restore = 0, None
    for number, target in enumerate(targets):
        channel = _Channel()
        call(Job(number, 0, {}, start, target, seed=7, restore=restore), channel)
        ended = channel.of(Ended)
        assert [each.outcome for each in ended] == ["reached"], ended
        assert channel.of(Released)
        made = channel.of(Reported)
        assert [report.resource for report in made] == list(range(start + 1, target + 1))
        found += [report.metrics for report in made]
        (saved,) = channel.of(Saved)
        start, restore = target, saved.checkpoint
    return found


def assert_resumes_exactly(
    train: Callable[[Trial], Any], metric: str, targets: list[int], folder: Path, same: Callable[[Any], Any]
) -> None:
    """A trial that is interrupted reports what an uninterrupted one does, and ends with the same model.

    Args:
        train: The training function; what it returns is the model.
        metric: A metric that it reports.
        targets: Where it is interrupted; the last is the end.
        folder: For checkpoints.
        same: What must be equal of two models.
    """
    models: list[Any] = []

    def kept(trial: Trial) -> None:
        models.append(train(trial))

    whole = reports(kept, metric, targets[-1:], folder / "whole")
    expected = same(models[-1])
    parts = reports(kept, metric, targets, folder / "parts")
    assert len(models) == 1 + len(targets)
    timeless = [
        {k: v for k, v in each.items() if not k.endswith(("_runtime", "_per_second"))} for each in whole
    ]
    assert [{k: each[k] for k in first} for each, first in zip(parts, timeless, strict=True)] == timeless
    assert len({each[metric] for each in whole}) > 1, "a training that learns nothing shows nothing"
    assert same(models[-1]) == expected
