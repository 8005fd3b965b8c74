"""Options as plain values, from a command line, a file or a log: whether they are what a spec takes, in sentences."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import inspect

from rung.core.errors import SpecError
from rung.core.scale import nearest


class OptionError(SpecError):
    """An option is unknown, missing or of the wrong kind.

    Attributes:
        path: Its name, and before it those of the tables in which it stands.
    """

    def __init__(self, path: tuple[str, ...], sentence: str) -> None:
        super().__init__(sentence)
        self.path = path


def check_options(
    spec: type[msgspec.Struct],
    given: Mapping[str, Any],
    *,
    strict: bool = True,
    place: tuple[str, ...] = (),
) -> None:
    """Raise unless each option is one that a spec has, and of its kind; rules of the spec itself are not asked.

    Args:
        spec: A struct.
        given: Its fields as plain values; its tag may be among them.
        strict: Whether texts are not read as numbers.
        place: The names of the tables in which the options stand.

    Raises:
        OptionError: If one is not.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(spec)}
    config = spec.__struct_config__
    if config.forbid_unknown_fields:
        _check_names([name for name in given if name != config.tag_field], [*fields], place)
    for name, field in fields.items():
        path = (*place, name)
        if name in given:
            _check(given[name], field, strict, path)
        elif field.required:
            who = f"[{'.'.join(place)}]" if place else "it"
            raise OptionError(place, f"{who} needs {name}: write {name} = and its value.")


def check_fields(spec: msgspec.Struct) -> None:
    """Raise unless each field of a spec that was made in Python is of its kind, as it must be in a file.

    Raises:
        OptionError: If one is not.
    """
    kind = type(spec)
    check_options(kind, {name: getattr(spec, name) for name in kind.__struct_fields__})


def check_positive(name: str, value: object, unit: str) -> None:
    """Raise unless an option that may be None is a number above 0 of some unit."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise SpecError(f"{name} is a positive number of {unit}, got {value!r}.")


def takes(field: msgspec.structs.FieldInfo) -> str:
    """What an option takes, in words: `a table of numbers, such as {name = 0.5}`."""
    kinds = _kinds(field.type)
    words = " or ".join(dict.fromkeys(_words(kind) for kind in kinds))
    example = _example(field, kinds)
    return words if example is None else f"{words}, such as {_in_toml(example)}"


def is_table(field: msgspec.structs.FieldInfo) -> bool:
    """Whether an option takes names with a value each."""
    return any(isinstance(kind, inspect.DictType) for kind in _kinds(field.type))


def is_list(field: msgspec.structs.FieldInfo) -> bool:
    """Whether an option takes any number of values."""
    return any(isinstance(kind, inspect.CollectionType) for kind in _kinds(field.type))


def _check_names(names: list[str], known: list[str], place: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            what, where = ("key", f" in [{'.'.join(place)}]") if place else ("option", "")
            hint = nearest(name, known) or f" Known are {', '.join(known)}."
            raise OptionError((*place, name), f"there is no {what} {name!r}{where}.{hint}")


def _check(value: object, field: msgspec.structs.FieldInfo, strict: bool, path: tuple[str, ...]) -> None:
    try:
        msgspec.convert(value, field.type, strict=strict)
        return
    except msgspec.ValidationError:
        kinds = _kinds(field.type)
    if len(kinds) == 1 and isinstance(kinds[0], inspect.StructType) and isinstance(value, Mapping):
        check_options(kinds[0].cls, value, strict=strict, place=path)
    if not any(isinstance(kind, inspect.StructType) for kind in kinds):  # which has rules of its own
        raise OptionError(path, f"{'.'.join(path)} must be {takes(field)}; got {value!r:.80}.")


def _kinds(annotation: Any) -> list[inspect.Type]:
    """What an annotation allows, but for None."""
    found = inspect.type_info(annotation)
    kinds = found.types if isinstance(found, inspect.UnionType) else (found,)
    return [kind for kind in kinds if not isinstance(kind, inspect.NoneType)]


_WORDS: dict[type[inspect.Type], tuple[str, str]] = {
    inspect.IntType: ("a whole number", "whole numbers"),
    inspect.FloatType: ("a number", "numbers"),
    inspect.BoolType: ("true or false", "values true or false"),
    inspect.StrType: ("text", "texts"),
    inspect.TupleType: ("a list", "lists"),
    inspect.StructType: ("a table", "tables"),
}
"""Of one, and of several."""


def _words(kind: inspect.Type) -> str:
    match kind:
        case inspect.LiteralType(values=values):
            return " or ".join(map(repr, values))
        case inspect.DictType(value_type=value):
            return f"a table of {_several(value)}"
        case inspect.CollectionType(item_type=item):
            return f"a list of {_several(item)}"
        case _:
            return _WORDS.get(type(kind), ("a value", ""))[0]


def _several(kind: inspect.Type) -> str:
    return _WORDS.get(type(kind), ("", "values"))[1]


def _example(field: msgspec.structs.FieldInfo, kinds: list[inspect.Type]) -> object:
    """The default if it says something, else a value of the first kind; None: the words say enough."""
    default = field.default
    if not kinds or isinstance(kinds[0], inspect.LiteralType | inspect.BoolType):
        return None
    if isinstance(default, str) and default:
        return default
    if isinstance(default, int | float) and default:
        return float(f"{default:.3g}") if isinstance(default, float) else default
    return _sample(kinds[0])


def _in_toml(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name} = {_in_toml(inner)}' for name, inner in value.items())}}}"
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()


def _sample(kind: inspect.Type) -> object:
    match kind:
        case inspect.IntType():
            return 4
        case inspect.FloatType():
            return 0.5
        case inspect.DictType(value_type=value):
            inner = _sample(value)
            return None if inner is None else {"name": inner}
        case inspect.CollectionType(item_type=inspect.StrType()):
            return ["a", "b"]
        case inspect.CollectionType(item_type=item):
            inner = _sample(item)
            return None if inner is None else [inner, inner]
        case _:
            return None
