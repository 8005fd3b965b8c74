"""A configuration as text for other programs: command-line arguments, JSON, TOML, YAML, Python."""

import json
import re
import shlex
from collections.abc import Callable

from rung.core.space import Config, Scalar


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


def as_yaml(config: Config) -> str:
    """One line for each hyperparameter."""
    import yaml

    text: str = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=1_000_000)
    return text.rstrip("\n")


def as_python(config: Config) -> str:
    """A dict, one line for each hyperparameter."""
    lines = [f"    {_quoted(name)}: {_quoted(value)},\n" for name, value in config.items()]
    return "{\n" + "".join(lines) + "}"


FORMATS: dict[str, Callable[[Config], str]] = {
    "json": as_json,
    "toml": as_toml,
    "args": as_args,
    "yaml": as_yaml,
    "python": as_python,
}
"""Each format by its name."""


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _toml(value: Scalar) -> str:
    return _text(value) if isinstance(value, str) else _plain(value)


def _text(value: str) -> str:
    # A JSON string is a TOML string, but for one control character that JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(value: Scalar) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _quoted(value: Scalar) -> str:
    """As Python source, with double quotes where they need no escape."""
    source = repr(value)
    if source.startswith("'") and '"' not in source:
        return f'"{source[1:-1]}"'
    return source
