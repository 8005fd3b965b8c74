"""The status line and the plain lines, with a clock and a terminal of our own."""

import io
from dataclasses import replace

from rung.cli.progress import Lines, StatusLine, fitting
from rung.core.budget import Account, Budget
from rung.core.event import Idled
from rung.core.objective import Objective
from rung.core.record import Incumbent
from rung.core.why import Why
from rung.watching import StudyView

VIEW = StudyView(
    0.0,
    (Objective("accuracy", maximize=True),),
    "epoch",
    34,
    {"running": 2, "paused": 30, "failed": 2, "complete": 0},
    Incumbent(12, 27, (-0.97321,)),
    Account(Budget(trials=200, seconds=60), trials=34, seconds=30.0, trained=60),
)
EVENT = Idled(Why("done"))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_status_line_is_drawn_five_times_a_second_at_most() -> None:
    out, clock = io.StringIO(), Clock()
    line = StatusLine(out, lambda: 120, clock)
    for _ in range(100):
        clock.now += 0.01
        line(EVENT, VIEW)
    assert 4 <= out.getvalue().count("\r") <= 6


def test_the_status_line_says_what_matters_and_fits() -> None:
    out = io.StringIO()
    StatusLine(out, lambda: 80, Clock())(EVENT, VIEW)
    text = out.getvalue().removeprefix("\r").removesuffix("\x1b[K")
    assert len(text) < 80
    assert text.startswith("34/200 trials · best 0.97321 (#12 at 27 epochs)")


def test_what_does_not_fit_is_left_out_whole() -> None:
    assert fitting(["one", "two", "three"], 9) == "one · two"
    assert fitting(["one", "two", "three"], 8) == "one"


def test_plain_lines_come_with_a_better_trial_and_every_ten_seconds() -> None:
    out, clock = io.StringIO(), Clock()
    lines = Lines(out, clock)
    for clock.now in (1.0, 2.0, 3.0):
        lines(EVENT, VIEW)
    assert out.getvalue().count("\n") == 1
    clock.now = 12.0
    lines(EVENT, VIEW)
    lines(EVENT, replace(VIEW, incumbent=Incumbent(13, 27, (-0.98,))))
    assert out.getvalue().count("\n") == 3
    assert "best 0.98 (#13 at 27 epochs), 2 running, 30 paused, 2 failed, 48 s left" in out.getvalue()
