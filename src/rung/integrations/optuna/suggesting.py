"""The `suggest_*` methods of Optuna's trial: each asks for a rung parameter, and a subclass answers.

An option of `suggest_categorical` may be any object; a configuration holds its label. Labels are the options themselves
where JSON gives them back as they are, else their names. A choice that opens sub-spaces has the labels' texts for
options, as rung wants strings there.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from rung.core.errors import SpecError
from rung.core.parameter import Choice, Constant, Float, Int, Parameter, is_scalar
from rung.core.scale import Scalar


class Suggesting(ABC):
    """What Optuna's trial has for asking.

    Attributes:
        number: Number of the trial.
        params: What was answered so far, by name, as the objective got it.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.params: dict[str, Any] = {}  # Any: options of the user's own kinds

    @abstractmethod
    def _answer(self, name: str, asked: Parameter) -> Scalar:
        """The value of a hyperparameter; for a Choice one of its options, or the text of one."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A number from low to high."""
        value = float(self._answer(name, float_asked(name, low, high, step=step, log=log)))  # type: ignore[arg-type]
        self.params[name] = value
        return value

    def suggest_int(self, name: str, low: int, high: int, step: int = 1, log: bool = False) -> int:
        """A whole number from low to high."""
        value = int(self._answer(name, int_asked(name, low, high, step=step, log=log)))  # type: ignore[arg-type]
        self.params[name] = value
        return value

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of some options."""
        options = labels(name, choices)
        answer = self._answer(name, Choice(options))
        place = place_of(options, answer)
        if place is None:
            raise AssertionError(f"{answer!r} answers {name!r}, which has the options {options!r}")
        self.params[name] = choices[place]
        return choices[place]

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """As Optuna before version 3."""
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        """As Optuna before version 3."""
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """As Optuna before version 3."""
        return self.suggest_float(name, low, high, step=q)


def float_asked(name: str, low: float, high: float, *, step: float | None, log: bool) -> Parameter:
    """What `suggest_float` asks for; a constant where the range holds one value."""
    low, high = float(low), float(high)
    if low == high or (step is not None and low < high < low + step):
        return Constant(low)
    with _named(name):
        return Float(low, high, log=bool(log), step=None if step is None else float(step))


def int_asked(name: str, low: int, high: int, *, step: int, log: bool) -> Parameter:
    """What `suggest_int` asks for; a constant where the range holds one value."""
    low, high, step = int(low), int(high), int(step)
    if low == high or low < high < low + step:
        return Constant(low)
    with _named(name):
        return Int(low, high, log=bool(log), step=None if step == 1 else step)


def labels(name: str, choices: Sequence[object]) -> tuple[Scalar, ...]:
    """What stands for the options in a configuration.

    Raises:
        SpecError: If there is no option, or two cannot be told apart by name.
    """
    options = [choice.item() if isinstance(choice, np.generic) else choice for choice in choices]
    if not options:
        raise SpecError(f"suggest_categorical({name!r}, ...) needs options, got none. List at least one.")
    if all(map(is_scalar, options)) and len(set(options)) == len(options):
        return tuple(options)  # type: ignore[arg-type]  # all are scalars
    for words in (map(_word, options), map(repr, options)):
        found = tuple(words)
        if len(set(found)) == len(found) and not any(" at 0x" in word for word in found):
            return found
    raise SpecError(
        f"the options of {name!r} must have names that tell them apart, got {list(choices)!r:.200}. "
        "Suggest names, and look the objects up by name."
    )


def texts(options: Sequence[Scalar]) -> tuple[str, ...]:
    """What stands for the options of a choice that opens sub-spaces."""
    found = tuple(map(str, options))
    return found if len(set(found)) == len(found) else tuple(map(repr, options))


def place_of(options: Sequence[Scalar], answer: object) -> int | None:
    """Which option an answer is, as it is or as its text; None if none."""
    for place, option in enumerate(options):
        if type(option) is type(answer) and option == answer:
            return place
    words = texts(options)
    return words.index(answer) if isinstance(answer, str) and answer in words else None


def _word(option: object) -> str:
    return getattr(option, "__name__", None) or str(option)


class _named:  # noqa: N801  reads as a word after `with`
    """Puts the name of the hyperparameter before what is wrong with it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SpecError):
            raise SpecError(f"{self._name}: {error}") from None
