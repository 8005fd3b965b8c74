"""Trackers by name, where they come in as text: `--track mlflow=http://127.0.0.1:5000`, or a study file."""

import difflib
from collections.abc import Callable

from rung.core.errors import SpecError
from rung.integrations.mlflow import MLflowTracker
from rung.integrations.tensorboard import TensorBoardTracker
from rung.integrations.tracking import Tracker
from rung.integrations.wandb import WandbTracker


def tracker(text: str) -> Tracker:
    """The tracker that a text means: its name, and behind a = where it should log to.

    Args:
        text: `mlflow`, `mlflow=URI`, `wandb`, `wandb=PROJECT`, `tensorboard` or `tensorboard=FOLDER`.

    Raises:
        SpecError: If there is no such tracker, or nothing stands behind the =.
        MissingDependencyError: If its library is not installed.
    """
    name, equals, target = text.partition("=")
    make = _TRACKERS.get(name)
    if make is None:
        near = difflib.get_close_matches(name.lower(), _TRACKERS, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(_TRACKERS)}."
        raise SpecError(f"no tracker is called {name!r}. {hint}")
    if equals and not target:
        raise SpecError(f"a tracker is {_FORMS[name]}, got {text!r}. Leave the = out, or say where to.")
    return make(target) if target else make()


_TRACKERS: dict[str, Callable[..., Tracker]] = {
    "mlflow": MLflowTracker,
    "wandb": WandbTracker,
    "tensorboard": TensorBoardTracker,
}
_FORMS = {
    "mlflow": "mlflow or mlflow=http://127.0.0.1:5000",
    "wandb": "wandb or wandb=PROJECT",
    "tensorboard": "tensorboard or tensorboard=FOLDER",
}
