"""The view on a terminal: it changes in place, and what is printed meanwhile appears above it."""

import sys
import threading
import time

from rich.console import Console, Group
from rich.live import Live as Screen

from rung.core.event import AnyEvent
from rung.live.drawing import draw
from rung.live.scene import Scene
from rung.watching import RunBegun, RunEnded, StudyView

REDRAWS_PER_S = 5


class Terminal:
    """A watcher that draws on a terminal, from a thread of its own, so that events cost no drawing.

    Args:
        console: The terminal.
        vanishes: Whether nothing is left of it when the run is over; else its last picture is.
    """

    def __init__(self, console: Console, *, vanishes: bool) -> None:
        self._console = console
        self._vanishes = vanishes
        self._lock = threading.Lock()

    def begin(self, run: RunBegun) -> None:
        """Draw for the first time."""
        self._scene = Scene(run)
        self._heard = time.monotonic()
        self._screen = Screen(
            get_renderable=self._picture,
            console=self._console,
            refresh_per_second=REDRAWS_PER_S,
            transient=self._vanishes,
            redirect_stdout=sys.stdout.isatty(),
            redirect_stderr=sys.stderr.isatty(),
            vertical_overflow="crop",
        )
        self._screen.start(refresh=True)

    def __call__(self, event: AnyEvent, view: StudyView) -> None:
        """Learn an event."""
        with self._lock:
            self._scene.apply(event, view)
            self._heard = time.monotonic()

    def end(self, run: RunEnded) -> None:
        """Draw for the last time."""
        with self._lock:
            self._scene.end(run)
        self._screen.stop()

    def _picture(self) -> Group:
        width, height = self._console.size
        with self._lock:
            lines = draw(self._scene, time.monotonic() - self._heard, width, height - 1)
        return Group(*lines)
