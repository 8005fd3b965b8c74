"""A name becomes a method here; a tool is imported when one of its methods is asked for."""

from importlib import import_module

from methods import ours
from methods.base import Method, Setting
from rung.searchers.registry import SEARCHERS
from rung.version import __version__

PEERS = {
    "methods.with_optuna": (
        "optuna-random",
        "optuna-tpe",
        "optuna-tpe-independent",
        "optuna-gp",
        "optuna-cmaes",
        "optuna-nsga2",
    ),
    "methods.with_hyperopt": ("hyperopt-tpe",),
    "methods.with_smac": ("smac",),
    "methods.with_botorch": ("botorch",),
}


def start(name: str, setting: Setting) -> Method:
    """A run of a method: a searcher of rung by its tag, perhaps with options, or one of a peer.

    Raises:
        ImportError: If the peer is not installed.
    """
    module = _module(name)
    found: Method = import_module(module).start(name, setting) if module else ours.start(name, setting)
    return found


def version(name: str) -> str:
    """Of the tool.

    Raises:
        ImportError: If it is not installed.
        SystemExit: If nobody is called so.
    """
    if module := _module(name):
        return str(import_module(module).VERSION)
    if name.partition(":")[0] not in SEARCHERS:
        peers = [each for names in PEERS.values() for each in names]
        raise SystemExit(f"no method is called {name!r}; there are {[*SEARCHERS, *peers]}")
    return __version__


def _module(name: str) -> str | None:
    return next((module for module, names in PEERS.items() if name in names), None)
