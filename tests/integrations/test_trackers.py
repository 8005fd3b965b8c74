"""Trackers by name."""

import importlib.util

import pytest

import rung
from rung.integrations.trackers import tracker


def test_a_text_becomes_a_tracker() -> None:
    for library in ("mlflow", "wandb", "tensorboard"):
        if importlib.util.find_spec(library) is None:  # no import: that takes seconds
            pytest.skip(f"needs {library}")
    assert tracker("mlflow=http://127.0.0.1:5000").target == "MLflow at http://127.0.0.1:5000"
    assert tracker("mlflow=http://me:secret@host/").target == "MLflow at http://host/"
    assert tracker("tensorboard=./my runs").target == "TensorBoard in ./my runs"
    assert tracker("wandb=digits").target == "W&B (online)"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mlfow", "no tracker is called 'mlfow'. Did you mean 'mlflow'?"),
        ("aim=x", "no tracker is called 'aim'. There are mlflow, wandb, tensorboard."),
        ("wandb=", "a tracker is wandb or wandb=PROJECT, got 'wandb='. Leave the = out, or say where to."),
    ],
)
def test_a_wrong_text_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(rung.SpecError) as error:
        tracker(text)
    assert str(error.value) == sentence


@pytest.mark.parametrize("library", ["mlflow", "wandb", "tensorboard"])
def test_a_library_that_is_missing_is_told_with_the_line_that_mends_it(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(rung.MissingDependencyError, match=rf"pip install 'rung\[{library}\]'"):
        tracker(library)


def test_an_unknown_mode_of_wandb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("wandb") is None:
        pytest.skip("needs wandb")
    monkeypatch.setenv("WANDB_MODE", "offlin")
    with pytest.raises(rung.SpecError, match=r"one of online, offline, disabled, got 'offlin'"):
        tracker("wandb")
