"""Watchers: told of the beginning, of each event, of the end; what fails in them harms nothing."""

import logging

import pytest

import rung
from rung.core import event as ev
from rung.watching import RunBegun, RunEnded, StudyView


class Diary:
    """A watcher that notes what it is told."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, int, int | None, rung.Budget]] = []
        self.events: list[tuple[ev.AnyEvent, StudyView]] = []
        self.ended: list[RunEnded] = []

    def begin(self, run: RunBegun) -> None:
        self.begun.append((run.name, len(run.state.trials), run.workers, run.budget))

    def __call__(self, event: ev.AnyEvent, view: StudyView) -> None:
        self.events.append((event, view))

    def end(self, run: RunEnded) -> None:
        self.ended.append(run)


def train(trial: rung.Trial) -> None:
    for step in trial.steps():
        trial.report(loss=trial.config["x"] / step)


def study(**options: object) -> rung.Study:
    return rung.Study("s", {"x": rung.Float(0, 1)}, minimize="loss", store=None, **options)  # type: ignore[arg-type]


def run(made: rung.Study, trials: int, *watch: object, train: object = train) -> rung.Study:
    return made.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=trials), watch=watch)  # type: ignore[arg-type]


def test_each_run_is_told_from_its_beginning_to_its_end() -> None:
    diary, made = Diary(), study()
    run(made, 2, diary)
    run(made, 5, diary)
    assert [(name, trials) for name, trials, _, _ in diary.begun] == [("s", 0), ("s", 2)]
    assert diary.begun[1][3] == rung.Budget(trials=5)
    assert [ended.why.rule for ended in diary.ended if ended.why] == ["budget of trials"] * 2
    logged = [entry.event for entry in made.events()]
    assert [event for event, _ in diary.events] == logged[1:]  # the first one was there before


def test_standings_follow_every_change() -> None:
    diary, made = Diary(), study(scheduler=rung.ASHA(max_resource=9))
    run(made, 20, diary)
    known: dict[int, str] = {}
    for _, view in diary.events:
        known |= view.standings
        counted = {status: n for status, n in view.counts.items() if n}
        assert {status: list(known.values()).count(status) for status in set(known.values())} == counted
    assert known == {trial.number: trial.status for trial in made.trials}


def test_an_exception_that_ends_the_run_is_told_and_raised() -> None:
    diary = Diary()

    def broken(trial: rung.Trial) -> None:
        raise ValueError("never works")

    with pytest.raises(rung.ObjectiveError):
        run(study(), 9, diary, train=broken)
    (ended,) = diary.ended
    assert ended.why is None
    assert isinstance(ended.error, rung.ObjectiveError)
    assert ended.view.counts["failed"] == 3


@pytest.mark.parametrize("hook", ["begin", "__call__", "end"])
def test_a_watcher_that_fails_is_told_of_once_and_not_called_again(
    hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(self: object, *news: object) -> None:
        raise RuntimeError("no")

    broken = type("Broken", (Diary,), {hook: fails})()
    diary = Diary()
    with caplog.at_level(logging.ERROR, "rung"):
        run(study(), 3, broken, diary)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "a watcher failed and is not called any more"
    ]
    assert len(diary.ended) == 1
    assert not broken.ended


def test_a_plain_function_is_a_watcher() -> None:
    seen: list[str] = []
    run(study(), 2, lambda event, view: seen.append(type(event).__name__))
    assert seen.count("Created") == 2
