"""Registries: the one table in which a name becomes a spec, where text comes in (a log, a study file, a flag)."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from rung.core.errors import SpecError
from rung.core.options import OptionError, check_options

T = TypeVar("T")


class Registry(Generic[T]):
    """Spec classes by the tag that stands in their `type` field."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._classes: dict[str, type[T]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __getitem__(self, name: str) -> type[T]:
        if name not in self._classes:
            near = difflib.get_close_matches(str(name), self._classes, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {sorted(self._classes)}."
            raise SpecError(f"no {self.kind} is called {name!r}. {hint}")
        return self._classes[name]

    def add(self, spec: type[T]) -> type[T]:
        """Enter a class, under its struct tag; usable as a decorator.

        Raises:
            SpecError: If it has no tag, or the name is taken.
        """
        config = getattr(spec, "__struct_config__", None)
        if config is None or config.tag_field != "type" or not isinstance(config.tag, str):
            raise SpecError(
                f"{spec.__name__} cannot be registered as a {self.kind}: it must be a msgspec.Struct with "
                'tag="its-name" and tag_field="type".'
            )
        if config.tag in self._classes:
            raise SpecError(f"a {self.kind} called {config.tag!r} exists already. Choose another tag.")
        self._classes[config.tag] = spec
        return spec

    def decode(self, data: Mapping[str, Any]) -> T:
        """The spec that plain JSON values describe.

        Raises:
            SpecError: If the type is unknown or an option does not fit.
        """
        spec = self[data.get("type", "")]
        try:
            return msgspec.convert(data, spec)
        except msgspec.ValidationError as error:
            raise SpecError(
                f"a {self.kind} of type {data['type']!r} is described wrongly: {_sentence(spec, data, error)}"
            ) from None


def _sentence(spec: type, data: Mapping[str, Any], error: msgspec.ValidationError) -> str:
    """Which option is of the wrong kind, else which rule of the spec is broken."""
    try:
        check_options(spec, data)
    except OptionError as found:
        return str(found)
    return f"{str(error).rstrip('.')}."
