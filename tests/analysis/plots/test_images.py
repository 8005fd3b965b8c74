"""Images are drawn in a process of their own, which does not hang and says what went wrong."""

import pytest

from rung.analysis.plots import images
from rung.core.errors import ExecutorError, MissingDependencyError

PNG = {"format": "png", "width": 100, "height": 100, "scale": 1}


def test_a_browser_that_does_not_answer_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_DRAW", "import threading; threading.Event().wait()")
    with pytest.raises(ExecutorError, match=r"draws png has not answered for 0.2 s. Write .html instead"):
        images.drawn("{}", PNG, 0.2)


def test_a_browser_that_fails_or_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_DRAW", "raise ValueError('bad figure')")
    with pytest.raises(ExecutorError, match="draws png failed: ValueError: bad figure"):
        images.drawn("{}", PNG)
    monkeypatch.setattr(images, "_DRAW", "raise RuntimeError('no Chrome here')")
    with pytest.raises(MissingDependencyError, match="needs Chrome"):
        images.drawn("{}", PNG)
    monkeypatch.setattr(images, "_DRAW", "import sys; sys.exit(3)")
    with pytest.raises(ExecutorError, match="exit code 3"):
        images.drawn("{}", PNG)
