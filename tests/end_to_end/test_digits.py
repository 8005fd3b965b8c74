"""Each scheduler with each searcher on the digits example: real trainings, which are saved and gone on from."""

import importlib.util
from functools import cache
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest
from sklearn.model_selection import train_test_split

import rung
from registered import OF_REPLICATES, TAGS, resource, scheduler, searcher
from rung.searchers.registry import SEARCHERS
from schedulers import examples

OURS = [tag for tag in TAGS if tag not in examples.TAGS]
EXAMPLE = Path(__file__).parents[2] / "examples" / "digits.py"


@cache
def digits() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits_example", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.load = cache(module.load)  # type: ignore[attr-defined]  # it is read once and not for each trial
    return module


def train_on_splits(trial: rung.Trial) -> None:
    """The same network for a few epochs on one split of the data after the other."""
    (X, y), _, _ = digits().load()
    for split in trial.steps():
        X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, random_state=split)
        model = digits().network(trial.config, trial.seed)
        for _ in range(3):
            model.partial_fit(X_train, y_train, classes=range(10))
        trial.report(accuracy=model.score(X_val, y_val))


@pytest.mark.integration
@pytest.mark.parametrize(("scheduling", "searching"), list(product(OURS, SEARCHERS)))
def test_each_searcher_tunes_the_digits_under_each_scheduler(
    scheduling: str, searching: str, tmp_path: Path
) -> None:
    study = rung.Study(
        "digits",
        digits().space,
        maximize="accuracy",
        resource=resource(scheduling),
        scheduler=scheduler(scheduling),
        searcher=searcher(searching),
        store=tmp_path / "digits.db",
        seed=1,
    )
    train = train_on_splits if scheduling in OF_REPLICATES else digits().train
    study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=12))
    assert len(study.trials) >= 4  # a race or a population has a number of its own
    assert not any(trial.failure for trial in study.trials)
    if searching != "grid":  # which begins at its corners, where a network learns next to nothing
        assert study.best.value > 0.5  # a guess: 0.1
