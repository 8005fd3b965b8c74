"""What `rung run` shows while it runs, and rung's warnings in between."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from rung.live.jsonlog import JsonLog
from rung.live.watcher import here
from rung.watching import Watcher


class LogFormat(Enum):
    """How a run is told."""

    text = "text"
    json = "json"


@contextmanager
def watching(quiet: bool, log: LogFormat) -> Iterator[list[Watcher]]:
    """The watchers of a run, with rung's warnings told as they tell.

    Args:
        quiet: Nothing is told but warnings, and how it ended.
        log: As text on standard error, or as JSON on standard output.
    """
    if log is LogFormat.json:
        told = JsonLog(sys.stdout, ("warning", "run_ended") if quiet else None)
        with _warnings(told.warning):
            yield [told]
    else:
        with _warnings(lambda message: print(f"rung: {message}", file=sys.stderr)):
            yield [] if quiet else [here(vanishes=True)]


@contextmanager
def _warnings(tell: Callable[[str], None]) -> Iterator[None]:
    handler = _Handler(tell)
    logger = logging.getLogger("rung")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Handler(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(self.format(record))
