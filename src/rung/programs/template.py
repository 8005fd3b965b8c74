"""A command line with placeholders: split into arguments once, filled in for each trial, without a shell.

`{name}` is the value of a hyperparameter, `{name:range}` also says what it may be, `{--name}` is an argument that is
there or not, and `{{` and `}}` are braces. What is not there for a trial (a hyperparameter of a branch that was not
chosen, the checkpoint at a first start) takes its argument with it, and the option before it.
"""

import difflib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from rung.core.errors import SpecError
from rung.core.parameter import Choice, Parameter
from rung.core.scale import Scalar
from rung.programs.ranges import NAME, parse_range

SPECIALS = {
    "trial": "the number of the trial",
    "seed": "its seed",
    "start": "where training stands, 0 at first",
    "target": "up to where to train",
    "checkpoint": "what to go on from",
    "save": "the folder for checkpoints",
}
"""Placeholders that rung fills in itself, unless a hyperparameter has that name."""

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_FIRST_MARK = 0xE000  # private use: stands for a placeholder while the command is split


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One place to be filled in.

    Attributes:
        name: Of the hyperparameter.
        flag: The argument that is there if the value is true; None for a value.
    """

    name: str
    flag: str | None = None


Argument = tuple[str | Placeholder, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A command to fill in.

    Attributes:
        text: As the user wrote it.
        arguments: Its arguments, each a row of fixed text and placeholders.
        space: The hyperparameters whose ranges stand in it.
    """

    text: str
    arguments: tuple[Argument, ...]
    space: dict[str, Parameter]

    @property
    def program(self) -> str:
        """The first argument."""
        return "".join(part if isinstance(part, str) else f"{{{part.name}}}" for part in self.arguments[0])

    @property
    def names(self) -> list[str]:
        """What is filled in, each once, in the order of appearance."""
        return list(dict.fromkeys(part.name for part in _placeholders(self.arguments)))

    def fill(self, values: Mapping[str, Scalar]) -> list[str]:
        """The arguments for one trial.

        Args:
            values: By name; what is missing or None is not there.
        """
        script = _script(self.arguments)
        words: list[str] = []
        for place, argument in enumerate(self.arguments):
            word = _word(argument, values, quoted=place == script)
            if word is not None:
                words.append(word)
            elif not _is_flag(argument) and _is_option_before(self.arguments, place):
                words.pop()
        return words


def parse(command: str | Sequence[str]) -> Template:
    """A template from a command line, or from arguments that are split already.

    Raises:
        SpecError: If it cannot be read; the sentence says what to write.
    """
    text = command if isinstance(command, str) else shlex.join(command)
    found: list[Placeholder] = []
    space: dict[str, Parameter] = {}
    marked = [_marked(part, found, space) for part in ([command] if isinstance(command, str) else command)]
    if isinstance(command, str):
        try:
            marked = shlex.split(marked[0])
        except ValueError as error:
            raise SpecError(
                f"the command cannot be split into arguments: {str(error).lower()} in {command!r}."
            ) from None
    if not marked:
        raise SpecError("the command is empty. Write for example: ./train --lr {lr}.")
    arguments = tuple(_argument(word, found) for word in marked)
    for argument in arguments:
        if _is_flag(argument) and len(argument) > 1:
            raise SpecError(
                f"the flag in {text!r} must be an argument of its own, with spaces around {{{_flag(argument)}}}."
            )
    return Template(text, arguments, space)


def check_names(template: Template, space: Mapping[str, object]) -> None:
    """Raise unless each placeholder is a hyperparameter or filled in by rung.

    Args:
        template: The command.
        space: What may vary, by name.
    """
    for name in template.names:
        if name in space or name in SPECIALS:
            continue
        near = difflib.get_close_matches(name, [*space, *SPECIALS], 1)
        hint = f" Did you mean {{{near[0]}}}?" if near else ""
        raise SpecError(
            f"the placeholder {{{name}}} has no range.{hint} Write for example {{{name}:1e-5..1e-1 log}}, "
            f"{{{name}:1..8}} or {{{name}:a|b|c}}; in a study file, a table [space.{name}]. "
            "For braces themselves write {{ and }}."
        )


def _marked(text: str, found: list[Placeholder], space: dict[str, Parameter]) -> str:
    """The text with a single character in the place of each placeholder."""

    def mark(match: re.Match[str]) -> str:
        piece = match[0]
        if piece in ("{{", "}}"):
            return piece[0]
        if piece in ("{", "}"):
            raise SpecError(f"a brace {piece} stands alone in {text!r}. Close it, or write {piece * 2}.")
        found.append(_placeholder(match[1], space))
        return chr(_FIRST_MARK + len(found) - 1)

    return _PIECE.sub(mark, text)


def _placeholder(inside: str, space: dict[str, Parameter]) -> Placeholder:
    name, colon, written = (part.strip() for part in inside.partition(":"))
    flag = name if name.startswith("-") else None
    name = name.lstrip("-")
    if not NAME.fullmatch(name):
        raise SpecError(
            f"{{{inside}}} is no placeholder: a name comes first, as in {{lr}} or {{lr:1e-5..1e-1 log}}. "
            "For braces themselves write {{ and }}."
        )
    if flag and colon:
        raise SpecError(f"the flag {{{inside}}} takes no range: it is there or not. Write {{{flag}}}.")
    if flag:
        _enter(name, Choice((False, True), default=False), space)
    elif colon:
        _enter(name, parse_range(name, written), space)
    return Placeholder(name, flag)


def _enter(name: str, parameter: Parameter, space: dict[str, Parameter]) -> None:
    if space.setdefault(name, parameter) != parameter:
        raise SpecError(f"{name} is given two ranges. Give one, and write {{{name}}} in the other places.")


def _argument(word: str, found: Sequence[Placeholder]) -> Argument:
    parts: list[str | Placeholder] = []
    for character in word:
        number = ord(character) - _FIRST_MARK
        if 0 <= number < len(found):
            parts.append(found[number])
        elif parts and isinstance(parts[-1], str):
            parts[-1] += character
        else:
            parts.append(character)
    return tuple(parts)


def _word(argument: Argument, values: Mapping[str, Scalar], quoted: bool) -> str | None:
    """The argument filled in; None if it is not there."""
    texts = []
    for part in argument:
        if isinstance(part, str):
            texts.append(part)
            continue
        value = values.get(part.name)
        if part.flag is not None:
            return part.flag if value else None
        if value is None and not quoted:
            return None
        texts.append(shlex.quote(written(value)) if quoted else written(value))
    return "".join(texts)


def written(value: Scalar) -> str:
    """A value as programs read it: numbers with all their digits, true and false in small letters, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _script(arguments: Sequence[Argument]) -> int | None:
    """Which argument is a shell's script, where values are quoted for the shell."""
    fixed = [argument[0] if len(argument) == 1 else None for argument in arguments[:2]]
    match fixed:
        case [str(shell), str(option)] if PurePath(shell).name in _SHELLS and re.fullmatch(
            "-[a-z]*c", option
        ):
            return 2
        case _:
            return None


def _is_option_before(arguments: Sequence[Argument], place: int) -> bool:
    """Whether an argument is nothing but a value, and the one before it an option such as --lr."""
    if place == 0 or len(arguments[place]) != 1:
        return False
    before = arguments[place - 1]
    return (
        len(before) == 1
        and isinstance(before[0], str)
        and re.fullmatch("--?[A-Za-z][^=]*", before[0]) is not None
    )


def _is_flag(argument: Argument) -> bool:
    return _flag(argument) is not None


def _flag(argument: Argument) -> str | None:
    return next((part.flag for part in argument if isinstance(part, Placeholder) and part.flag), None)


def _placeholders(arguments: Sequence[Argument]) -> Iterator[Placeholder]:
    for argument in arguments:
        yield from (part for part in argument if isinstance(part, Placeholder))
