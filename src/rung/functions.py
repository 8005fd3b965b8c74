"""For a plain function `f(**config)`, in this process: as short as SciPy."""

from collections.abc import Callable
from pathlib import Path

from rung.core.budget import Budget
from rung.core.suggestion import SearcherSpec
from rung.executors.inprocess import InProcess
from rung.study import SpaceLike, Study
from rung.trial import function_train


def minimize(
    f: Callable[..., float],
    space: SpaceLike,
    *,
    trials: int = 100,
    searcher: SearcherSpec | None = None,
    seed: int = 0,
    name: str = "minimize",
    store: str | Path | None = None,
) -> Study:
    """Minimize `f(**config)` in this process; the value is called `value`.

    Returns:
        The study: `.best_config`, `.best_value`, `.trials` …
    """
    study = Study(name, space, minimize="value", searcher=searcher, seed=seed, store=store)
    return study.run(function_train(f), executor=InProcess(), budget=Budget(trials=trials))


def maximize(
    f: Callable[..., float],
    space: SpaceLike,
    *,
    trials: int = 100,
    searcher: SearcherSpec | None = None,
    seed: int = 0,
    name: str = "maximize",
    store: str | Path | None = None,
) -> Study:
    """Maximize `f(**config)` in this process; else as `minimize`."""
    study = Study(name, space, maximize="value", searcher=searcher, seed=seed, store=store)
    return study.run(function_train(f), executor=InProcess(), budget=Budget(trials=trials))
