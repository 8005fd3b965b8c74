"""Executors by name, where text comes in: a study file's table, or `rung run --executor`."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rung.core.errors import SpecError
from rung.core.options import OptionError, check_options, is_list, is_table
from rung.core.registry import Registry
from rung.executors.base import Executor
from rung.executors.dask import Dask
from rung.executors.inprocess import InProcess
from rung.executors.local import Local
from rung.executors.ray import Ray
from rung.executors.slurm import Slurm

EXECUTORS: Registry[Any] = Registry("executor")  # Any: structs that are executors

Fields = Mapping[str, msgspec.structs.FieldInfo]

for _executor in (Local, Ray, Dask, Slurm, InProcess):
    EXECUTORS.add(_executor)


def named(text: str, given: Executor | None = None) -> Executor:
    """The executor that a text such as "slurm" or "slurm,partition=gpu,time=4:00:00" names.

    Args:
        text: Its name, then options. One that takes a list may be said several times, "gpus=0,gpus=1", and a value in
            a table is said with its name, "resources.tpu=2".
        given: Where it is of that kind, what the text does not say is taken from it.

    Raises:
        SpecError: If there is none of that name, or an option does not fit.
    """
    name, *options = [part.strip() for part in text.split(",")]
    kind = EXECUTORS[name]
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    said = _said([_option(option) for option in options], fields)
    try:
        check_options(kind, said, strict=False)
    except OptionError as error:
        raise SpecError(f"--executor {text}: {error}{_spelling(error, fields)}") from None
    values = {key: msgspec.convert(value, fields[key].type, strict=False) for key, value in said.items()}
    found: Executor = msgspec.structs.replace(given, **values) if isinstance(given, kind) else kind(**values)
    return found


def _option(text: str) -> tuple[str, str]:
    key, is_given, value = text.partition("=")
    if not is_given or not key:
        raise SpecError(
            f'an option of an executor is written name=value, as in "slurm,partition=gpu"; got {text!r}.'
        )
    return key.strip(), value.strip()


def _said(options: Sequence[tuple[str, str]], fields: Fields) -> dict[str, Any]:
    """Options by name: lists of what was said several times, tables of what was said with names of its own."""
    found: dict[str, Any] = {}
    for key, value in options:
        name, is_inner, inner = key.partition(".")
        field = fields.get(name)
        if is_inner and field is not None and is_table(field):
            found.setdefault(name, {})[inner] = value
        elif field is not None and is_list(field):
            found.setdefault(name, []).append(value)
        elif key in found:
            raise SpecError(f"{key} is said twice, as {found[key]!r} and as {value!r}. Say it once.")
        else:
            found[key] = value
    return found


def _spelling(error: OptionError, fields: Fields) -> str:
    """How an option that is no single value is said on a command line."""
    field = fields.get(error.path[0])
    return f" Here it is written {field.name}.name=1." if field is not None and is_table(field) else ""
