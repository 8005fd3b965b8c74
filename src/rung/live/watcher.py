"""`rung.Live`: the view that fits where the program runs."""

import sys

from rung.core.event import AnyEvent
from rung.watching import RunBegun, RunEnded, RunWatcher, StudyView


class Live:
    """Shows how far a study is, while it runs: `study.run(train, watch=[rung.Live()])`.

    On a terminal and in a notebook it is a view that changes; elsewhere, such as in a log file, a line when
    something is new. It shows on standard error what it has to show, and leaves its last picture.
    """

    def begin(self, run: RunBegun) -> None:
        """Find out where it is."""
        self._view = here(vanishes=False)
        self._view.begin(run)

    def __call__(self, event: AnyEvent, view: StudyView) -> None:
        """Learn an event."""
        self._view(event, view)

    def end(self, run: RunEnded) -> None:
        """Show how it ended."""
        self._view.end(run)


def here(*, vanishes: bool) -> RunWatcher:
    """The view for a notebook, else for a terminal at standard error, else plain lines there.

    Args:
        vanishes: Whether a terminal is left as it was before the run.
    """
    from rung.live.notebook import Notebook, in_notebook

    if in_notebook():
        return Notebook()
    from rich.console import Console

    from rung.live.lines import Lines
    from rung.live.terminal import Terminal

    console = Console(stderr=True)
    if console.is_terminal and not console.is_dumb_terminal and not console.options.ascii_only:
        return Terminal(console, vanishes=vanishes)
    return Lines(sys.stderr)
