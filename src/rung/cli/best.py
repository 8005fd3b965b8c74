"""`rung best`: the best configuration, for people and for programs."""

import json
import re
import shlex
from enum import Enum
from typing import Annotated

import typer

from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study
from rung.core.space import Config, Scalar
from rung.study import Study
from rung.words import columns, number, scalar, units


class Format(Enum):
    """How the configuration is written."""

    table = "table"
    json = "json"
    toml = "toml"
    args = "args"


def best(
    study: StudyArgument = None,
    store: StoreOption = STORE,
    format: Annotated[  # noqa: A002  the option is called so
        Format, typer.Option("--format", help="For reading, or the configuration alone for programs.")
    ] = Format.table,
) -> None:
    """Show the best configuration."""
    with open_study(study, store) as found:
        print(written(found, format))


def as_table(study: Study) -> str:
    """For reading."""
    found = study.best
    metric = study.spec.objectives[0].metric
    unit = study.spec.resource.unit
    head = f"{metric} {number(found.value)} at {units(found.resource, unit)}, trial {found.number} of {study.name}"
    config = {name: scalar(value) for name, value in found.config.items()}
    return f"{head}\n\n{columns(config, '  ')}"


def as_json(config: Config) -> str:
    """One JSON object."""
    return json.dumps(config, indent=2, ensure_ascii=False)


def as_toml(config: Config) -> str:
    """One line for each hyperparameter; TOML has no None, which becomes a comment."""
    return "\n".join(
        f"# {_key(name)} is none" if value is None else f"{_key(name)} = {_toml(value)}"
        for name, value in config.items()
    )


def as_args(config: Config) -> str:
    """`--name value` for a command line, quoted for the shell."""
    words = [word for name, value in config.items() for word in (f"--{name}", _plain(value))]
    return shlex.join(words)


def written(study: Study, format: Format) -> str:  # noqa: A002
    """The best configuration in a format."""
    match format:
        case Format.table:
            return as_table(study)
        case Format.json:
            return as_json(study.best.config)
        case Format.toml:
            return as_toml(study.best.config)
        case Format.args:
            return as_args(study.best.config)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _toml(value: Scalar) -> str:
    return _text(value) if isinstance(value, str) else _plain(value)


def _text(value: str) -> str:
    # A JSON string is a TOML string, but for one control character that JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(value: Scalar) -> str:
    return value if isinstance(value, str) else json.dumps(value)
