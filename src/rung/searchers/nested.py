"""Searchers within a searcher: its spec holds theirs, as specs when a user writes it, as tables when a log is read."""

from collections.abc import Mapping
from typing import Any

from rung.core.errors import SpecError
from rung.core.suggestion import SearcherSpec


def searcher_of(given: Any, owner: str) -> SearcherSpec:  # Any: whatever a user or a log says
    """The spec of an inner searcher.

    Args:
        given: The spec, or its plain values with their `type`.
        owner: The name of the searcher that holds it, for sentences.

    Raises:
        SpecError: If it is no searcher.
    """
    if isinstance(given, Mapping):
        from rung.searchers.registry import (
            SEARCHERS,
        )  # which knows this package's searchers, also those with inner ones

        return SEARCHERS.decode(given)
    if isinstance(given, type) or not hasattr(given, "tries_defaults") or not hasattr(given, "start"):
        raise SpecError(
            f"{owner} holds searchers such as rung.RandomSearch(), got {given!r:.80}. Give the options of a searcher."
        )
    found: SearcherSpec = given
    return found


def name_of(spec: SearcherSpec) -> str:
    """The name of a searcher in logs."""
    tag = getattr(spec, "__struct_config__").tag  # noqa: B009  every registered spec is a tagged struct
    return str(tag)
