"""rung: hyperparameter optimization as resource scheduling.

The public names stand in `rung.face` and are loaded when the first of them is used: every worker process imports
this package, and few need all of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from rung.version import __version__ as __version__

if TYPE_CHECKING:
    from rung.face import *  # noqa: F403  # for type checkers and editors


def __getattr__(name: str) -> object:
    face = import_module("rung.face")
    if name not in face.__all__:
        raise AttributeError(f"module 'rung' has no attribute {name!r}")
    return getattr(face, name)


def __dir__() -> list[str]:
    face = import_module("rung.face")
    return [*face.__all__, "__version__"]
