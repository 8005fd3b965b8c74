"""Study files: a study of a command in TOML. Whatever is wrong in one is said with its line."""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rung.core.audit import Audit
from rung.core.budget import Budget
from rung.core.confirm import Confirm
from rung.core.constraint import Constraint, constraints_of
from rung.core.errors import SpecError
from rung.core.options import OptionError, check_options
from rung.core.registry import Registry
from rung.core.resource import Fraction, Replicates, Resource, Steps
from rung.core.space import Space
from rung.programs.definition import Definition
from rung.programs.executors import EXECUTORS
from rung.programs.lines import line_of
from rung.programs.template import parse
from rung.schedulers.registry import SCHEDULERS
from rung.searchers.duplicates import Duplicates
from rung.searchers.registry import SEARCHERS
from rung.stores.checkpoints import Checkpoints

T = TypeVar("T")

RESOURCES: Registry[Resource] = Registry("resource")

for _resource in (Steps, Fraction, Replicates):
    RESOURCES.add(_resource)

KEYS = (
    "name",
    "command",
    "minimize",
    "maximize",
    "constraints",
    "diverges_at",
    "seed",
    "retries",
    "duplicates",
    "audit",
    "confirm",
    "store",
    "space",
    "where",
    "resource",
    "scheduler",
    "searcher",
    "budget",
    "executor",
    "checkpoints",
    "track",
)
"""What may stand at the top of a study file."""


def read(file: Path) -> Definition:
    """The study that a file defines.

    Raises:
        SpecError: If something is wrong in it; the sentence begins with the file and the line.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"{file} is no text in UTF-8: {error.reason} at byte {error.start}.") from None
    try:
        return _Reader(text).definition(file.stem)
    except _FaultError as fault:
        raise SpecError(f"{file}:{line_of(text, fault.path)}: {fault}") from None
    except tomllib.TOMLDecodeError as error:
        raise SpecError(_syntax(file, text, str(error))) from None


class _FaultError(Exception):
    """Something is wrong at a key."""

    def __init__(self, path: Sequence[str], sentence: str) -> None:
        super().__init__(sentence)
        self.path = path


class _Reader:
    """The top of a study file, and how each of its keys is read."""

    def __init__(self, text: str) -> None:
        self._data = tomllib.loads(text)

    def definition(self, name: str) -> Definition:
        """The study; its name is `name` if the file gives none."""
        _check_keys(self._data, KEYS, ())
        if "command" not in self._data:
            raise _FaultError((), 'a study file needs a command: command = "./train --lr {lr}".')
        own: dict[str, Any] = {  # Any: decoded values, each of its field's type
            "name": self._get("name", str, name),
            "command": self._command(),
            "space": self._space(),
            "where": self._get("where", list[str], []),
            "minimize": self._get("minimize", str | list[str], None),
            "maximize": self._get("maximize", str | list[str], None),
            "constraints": self._constraints(),
            "diverges_at": self._get("diverges_at", float | dict[str, float], None),
            "seed": self._get("seed", int, 0),
            "retries": self._get("retries", int, 3),
            "duplicates": self._get("duplicates", Duplicates, None),
            "store": self._get("store", str, "rung.db"),
            "track": self._get("track", list[str], []),
        }
        own |= self._choice("resource", RESOURCES, "steps")
        own |= self._choice("scheduler", SCHEDULERS, None)
        own |= self._choice("searcher", SEARCHERS, None)
        own |= self._choice("executor", EXECUTORS, "local")
        own |= self._table("budget", Budget)
        own |= self._table("checkpoints", Checkpoints)
        own |= self._audit() | self._confirm()
        found = Definition(**own)
        if found.minimize is None and found.maximize is None:
            raise _FaultError(
                (), 'a study file needs an objective: minimize = "loss", or maximize = "accuracy".'
            )
        try:
            found.check()
        except SpecError as error:
            raise _FaultError(("command",), str(error)) from None
        try:
            Space(found.ranges(), found.where)
        except SpecError as error:
            raise _FaultError(("where",), str(error)) from None
        return found

    def _get(self, key: str, kind: Any, default: object) -> object:  # Any: a type or a union of types
        if key not in self._data:
            return default
        return _converted(self._data[key], kind, (key,))

    def _command(self) -> object:
        try:
            return parse(_converted(self._data["command"], str | list[str], ("command",)))
        except SpecError as error:
            raise _FaultError(("command",), str(error)) from None

    def _space(self) -> object:
        tables = self._data.get("space", {})
        if not isinstance(tables, dict):
            raise _FaultError(("space",), f"space is a table of hyperparameters, got {tables!r:.60}.")
        for name, table in tables.items():
            _check_parameter(table, ("space", name))
        return Space.from_builtins(tables).parameters if tables else {}

    def _constraints(self) -> object:
        """`[[constraints]]` tables."""
        tables = self._data.get("constraints", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise _FaultError(
                ("constraints",),
                "constraints are tables, one for each metric: write [[constraints]] above each.",
            )
        given = [_decoded(table, Constraint, ("constraints",)) for table in tables]
        try:
            return constraints_of(given)
        except SpecError as error:
            raise _FaultError(("constraints",), str(error)) from None

    def _audit(self) -> dict[str, Audit]:
        """A share, or a table with more options."""
        share = self._data.get("audit")
        if not isinstance(share, int | float):
            return self._table("audit", Audit)
        try:
            return {"audit": Audit(share)}
        except SpecError as error:
            raise _FaultError(("audit",), str(error)) from None

    def _confirm(self) -> dict[str, Confirm]:
        """Likewise."""
        share = self._data.get("confirm")
        if not isinstance(share, int | float):
            return self._table("confirm", Confirm)
        try:
            return {"confirm": Confirm(share)}
        except SpecError as error:
            raise _FaultError(("confirm",), str(error)) from None

    def _choice(self, key: str, registry: Registry[T], default: str | None) -> dict[str, T]:
        """A table whose `type` says what it describes."""
        if key not in self._data:
            return {}
        table = self._data[key]
        if isinstance(table, str):
            raise _FaultError((key,), f'{key} is a table: write [{key}] and below it type = "{table}".')
        if not isinstance(table, dict):
            raise _FaultError((key,), f"{key} is a table, got {table!r:.60}.")
        kind = table.get("type", default)
        if kind is None:
            raise _FaultError((key,), f"[{key}] needs a type, one of {', '.join(map(repr, registry))}.")
        if not isinstance(kind, str) or kind not in registry:
            near = difflib.get_close_matches(str(kind), registry, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(map(repr, registry))}."
            raise _FaultError((key, "type"), f"no {key} is called {kind!r}. {hint}")
        return {key: _decoded({**table, "type": kind}, registry[kind], (key,))}

    def _table(self, key: str, kind: type[T]) -> dict[str, T]:
        if key not in self._data:
            return {}
        table = self._data[key]
        if not isinstance(table, dict):
            raise _FaultError((key,), f"{key} is a table, got {table!r:.60}.")
        tag = getattr(kind, "__struct_config__").tag  # noqa: B009  msgspec's, which mypy does not know
        return {key: _decoded({**table, "type": tag} if tag else table, kind, (key,))}


def _check_parameter(table: object, path: tuple[str, ...]) -> None:
    """Say what is wrong with a hyperparameter, with its place; a table of options is looked into."""
    if not isinstance(table, dict):
        return  # a constant
    kinds = {
        "float": ("low", "high", "log", "step", "default", "prior"),
        "int": ("low", "high", "log", "step", "default", "prior"),
        "choice": ("options", "ordered", "default", "prior"),
        "constant": ("value",),
    }
    kind = table.get("type")
    if kind is not None and kind not in kinds:
        near = difflib.get_close_matches(str(kind), kinds, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(kinds)}."
        raise _FaultError((*path, "type"), f"no hyperparameter has the type {kind!r}. {hint}")
    if kind is not None:
        _check_keys(table, ("type", *kinds[kind]), path)
        for name in table:
            options = table["options"] if name == "options" and isinstance(table[name], dict) else {}
            for option, inner in options.items():
                for child, parameter in inner.items() if isinstance(inner, dict) else ():
                    _check_parameter(parameter, (*path, "options", option, child))
    try:
        Space.from_builtins({path[-1]: table})
    except SpecError as error:
        raise _FaultError(path, str(error)) from None


def _decoded(table: dict[str, Any], kind: type[T], path: tuple[str, ...]) -> T:
    try:
        check_options(kind, table, place=path)  # type: ignore[arg-type]  # all are structs
    except OptionError as error:
        raise _FaultError(error.path, str(error)) from None
    found: T = _converted(table, kind, path)
    return found


def _converted(value: object, kind: Any, path: tuple[str, ...]) -> Any:  # Any: of the kind
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        sentence, _, place = str(error).partition(" - at `$")
        inner = (*path, *re.findall(r"\.(\w+)", place))
        raise _FaultError(inner, _in_words(sentence, ".".join(inner))) from None


_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def _in_words(sentence: str, place: str) -> str:
    """What msgspec says of types, in the words of TOML; what rung's own rules say stays."""
    if found := re.fullmatch(r"Object missing required field `(\w+)`", sentence):
        return f"[{place}] needs {found[1]}: write {found[1]} = and its value."
    if found := re.fullmatch(r"Expected `(.*)`, got `(.*)`", sentence):
        wanted, given = ([_WORDS.get(kind, kind) for kind in group.split(" | ")] for group in found.groups())
        return f"{place} must be {' or '.join(kind for kind in wanted if kind != 'null')}, got {' or '.join(given)}."
    return sentence if sentence.endswith(".") else f"{sentence}."


def _check_keys(table: Mapping[str, object], known: Sequence[str], path: tuple[str, ...]) -> None:
    for key in table:
        if key in known:
            continue
        near = difflib.get_close_matches(key, known, 1)
        where = f" in [{'.'.join(path)}]" if path else ""
        hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}."
        raise _FaultError((*path, key), f"there is no key {key!r}{where}. {hint}")


def _syntax(file: Path, text: str, error: str) -> str:
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", error, re.DOTALL)
    what, line = (error, None) if found is None else found.groups()
    return f"{file}:{line or len(text.splitlines())}: this is no TOML: {what[0].lower()}{what[1:]}."
