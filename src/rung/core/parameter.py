"""What a hyperparameter may be: a real number, an integer, a choice or a constant, with its rules.

These are values that read and write themselves as JSON. Their rules run when Python constructs one and when
one is decoded, and never change what was given. A parameter does not know its name; where it stands among
others is the matter of `space.py`, how its values are encoded that of `scale.py`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from rung.core.continuous import Linear, Logarithmic
from rung.core.errors import SpecError
from rung.core.levels import Integers, LogIntegers, Options, Steps
from rung.core.prior import SPREAD, Belief, Near, Normal, Weights
from rung.core.scale import MAX_INTEGER, MAX_VALUES, Scalar, Scale, decimal, is_number, plain_advice


class _Spec(
    msgspec.Struct,
    frozen=True,
    tag_field="type",
    tag=str.lower,
    forbid_unknown_fields=True,
    omit_defaults=True,
    repr_omit_defaults=True,
):
    """What all parameters share: how they are written."""


# The bases hold the fields that may be given by position; `kw_only` covers the fields of its own class.
class _FloatBounds(_Spec, frozen=True):
    low: float
    high: float


class _IntBounds(_Spec, frozen=True):
    low: int
    high: int


class _ChoiceOptions(_Spec, frozen=True):
    options: Sequence[Scalar] | Mapping[str, Mapping[str, "Parameter | Scalar"]]


class Float(_FloatBounds, frozen=True, kw_only=True):
    """A real number from low to high, both included.

    Values have 12 significant digits; `scale.py` says why.

    Attributes:
        low: Smallest value.
        high: Largest value; with `step`, no value is above it.
        log: Whether values are spread evenly in the logarithm.
        step: Distance between values, which are then low, low + step, …; None: no steps.
        default: Value of the first trial, if all hyperparameters have one; None: no default.
        prior: Near which value good ones are believed to lie; None: no belief.
    """

    log: bool = False
    step: float | None = None
    default: float | None = None
    prior: Near | float | None = None

    def __post_init__(self) -> None:
        for field in ("low", "high", "step", "default"):
            _check_number("a Float", field, getattr(self, field), optional=field in ("step", "default"))
        _check_range("a Float", self.low, self.high, self.log)
        if not math.isfinite(float(self.high) - float(self.low)):
            raise SpecError(
                f"high - low of a Float must be finite, got low={self.low!r} and high={self.high!r}. "
                "Narrow the range, or use log=True with a positive low."
            )
        if self.log and self.high < self.low * (1 + 1e-11):  # below the digits that a value has
            raise SpecError(
                "The bounds of a Float with log=True must differ by 1e-11 of low at least, got "
                f"low={self.low!r} and high={self.high!r}. Leave log=True out: here it changes nothing."
            )
        if self.step is not None:
            _check_step("a Float", self.step, self.low, self.high, self.log)
            if self.step < 4 * math.ulp(max(abs(self.low), abs(self.high))):
                raise SpecError(
                    "step of a Float must be large enough to tell its values apart, got "
                    f"step={self.step!r} from {self.low!r} to {self.high!r}. Use a larger one, or none."
                )
            _check_size("a Float", scale(self).n_values, self.low, self.high)
        if self.default is not None:
            _check_default("a Float", scale(self), self.default)
        _check_prior("a Float", scale(self), self.prior)


class Int(_IntBounds, frozen=True, kw_only=True):
    """An integer from low to high, both included.

    Attributes:
        low: Smallest value.
        high: Largest value; with `step`, no value is above it.
        log: Whether values are spread evenly in the logarithm.
        step: Distance between values, which are then low, low + step, …; None: 1.
        default: Value of the first trial, if all hyperparameters have one; None: no default.
        prior: Near which value good ones are believed to lie; None: no belief.
    """

    log: bool = False
    step: int | None = None
    default: int | None = None
    prior: Near | int | None = None

    def __post_init__(self) -> None:
        for field in ("low", "high", "step", "default"):
            _check_integer(field, getattr(self, field), optional=field in ("step", "default"))
        _check_range("an Int", self.low, self.high, self.log)
        if self.step is not None:
            _check_step("an Int", self.step, self.low, self.high, self.log)
        if self.log and self.high > MAX_VALUES:
            raise SpecError(
                f"high of an Int with log=True must be at most 2**40, got high={self.high}. "
                "Use an Int for the exponent, or a Float with log=True and round it in train."
            )
        _check_size("an Int", (self.high - self.low) // (self.step or 1) + 1, self.low, self.high)
        if self.default is not None:
            _check_default("an Int", scale(self), self.default)
        _check_prior("an Int", scale(self), self.prior)


class Choice(_ChoiceOptions, frozen=True, kw_only=True):
    """One of some options, each of which may open a sub-space.

    Attributes:
        options: JSON scalars, or a dict from the name of an option to the hyperparameters that are active
            only while it is chosen (`{}` if there are none).
        ordered: Whether the order of the options means something, so that neighbours are alike.
        default: Option of the first trial, if all hyperparameters have a default. None is an option like
            others; UNSET: no default.
        prior: What is believed to be good: with `ordered`, near which option; without, a weight for each option.
            None: no belief.
    """

    ordered: bool = False
    default: Scalar | msgspec.UnsetType = msgspec.UNSET
    prior: Near | Scalar | Sequence[float] = None

    def __post_init__(self) -> None:
        _check_flag("a Choice", "ordered", self.ordered)
        if not isinstance(self.options, list | tuple | Mapping):
            raise SpecError(
                f"options of a Choice must be a list or a dict, got {self.options!r}. "
                "Write Choice(['a', 'b']), or Choice({'a': {...}, 'b': {}}) if an option opens a sub-space."
            )
        if not self.options:
            raise SpecError(
                f"A Choice needs at least one option, got {self.options!r}. "
                "List the options, or leave the hyperparameter out."
            )
        if isinstance(self.options, Mapping):
            for option, subspace in self.options.items():
                _check_subspace(option, subspace)
        else:
            _check_options(self.options)
        if self.default is not msgspec.UNSET:
            _check_default("a Choice", scale(self), self.default)
        if self.ordered:
            _check_prior("a Choice", scale(self), self.prior)
        elif self.prior is not None:
            _check_weights(self.prior, len(self.options))


class Constant(_Spec, frozen=True):
    """A value that each configuration holds and nothing varies.

    Attributes:
        value: A JSON scalar.
    """

    value: Scalar

    def __post_init__(self) -> None:
        if not is_scalar(self.value):
            raise SpecError(
                f"A constant must be a string, a finite number, True, False or None, got {self.value!r}."
                f"{_constant_advice(self.value)}"
            )


Parameter = Float | Int | Choice | Constant


def scale(parameter: Float | Int | Choice) -> Scale:
    """Where the values of a hyperparameter lie on the unit interval."""
    match parameter:
        case Float(low=low, high=high, log=log, step=step):
            if step is not None:
                return Steps(float(low), float(high), float(step))
            return (Logarithmic if log else Linear)(float(low), float(high))
        case Int(low=low, high=high, log=log, step=step):
            return LogIntegers(low, high) if log else Integers(low, high, step or 1)
        case Choice(options=options):
            return Options(tuple(options))
        case _:
            assert_never(parameter)


def belief(parameter: Float | Int | Choice) -> Belief | None:
    """What is believed of a hyperparameter, on its encoding; None if nothing is."""
    match near(parameter.prior):
        case None:
            return None
        case Near(value=value, spread=spread):
            return Normal(float(scale(parameter).encode([value])[0]), spread)
        case weights:
            return Weights(weights)


def near(prior: Near | Scalar | Sequence[float]) -> Near | Sequence[float] | None:
    """A belief in its normal form: a value alone stands for what lies near it."""
    match prior:
        case None | Near():
            return prior
        case list() | tuple():
            return tuple(map(float, prior))
        case _:
            assert not isinstance(prior, Sequence) or isinstance(prior, str)  # see `_check_weights`
            return Near(prior)


def subspaces(choice: Choice) -> dict[str, dict[str, Parameter]]:
    """The sub-space of each option, in normal form; empty if the options are plain values."""
    if not isinstance(choice.options, Mapping):
        return {}
    return {option: normals_of(subspace) for option, subspace in choice.options.items()}


def normal(value: Parameter | Scalar) -> Parameter:
    """The parameter in the one form in which equal parameters are written alike.

    Bounds of a Float are floats, options are a tuple or dicts, and a plain value is a Constant.
    """
    match value:
        case Float(low=low, high=high, log=log, step=step, default=default, prior=prior):
            bounds = float(low), float(high)
            return Float(
                *bounds, log=log, step=_float(step), default=_float(default), prior=_near_float(prior)
            )
        case Int(prior=prior):
            return value if prior is None else msgspec.structs.replace(value, prior=near(prior))
        case Constant():
            return value
        case Choice(options=options, ordered=ordered, default=default, prior=prior):
            opened = subspaces(value) or tuple(options)
            return Choice(opened, ordered=ordered, default=default, prior=near(prior))
        case _:
            return Constant(value)


def normals_of(parameters: Mapping[str, Parameter | Scalar]) -> dict[str, Parameter]:
    """Parameters by name, each in its normal form; a wrong name or value is a SpecError."""
    for name in parameters:
        if not (type(name) is str and name):
            raise SpecError(
                f"The name of a hyperparameter must be a string that is not empty, got {name!r}. "
                "Names become the keys of trial.config."
            )
    return {name: normal(value) for name, value in parameters.items()}


def is_scalar(value: object) -> bool:
    """Whether JSON gives the value back as it is: plain, finite, and within 64 bits."""
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is int:
        return -(2**63) <= value < 2**63
    return value is None or type(value) in (str, bool)


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _near_float(prior: Near | float | None) -> Near | None:
    if prior is None:
        return None
    value, spread = (prior.value, prior.spread) if isinstance(prior, Near) else (prior, SPREAD)
    assert isinstance(value, int | float)  # see `_check_prior`
    return Near(float(value), float(spread))


def _check_number(kind: str, field: str, value: object, *, optional: bool) -> None:
    if optional and value is None:
        return
    if not (is_number(value) and is_scalar(value)):
        raise SpecError(
            f"{field} of {kind} must be a finite number, got {value!r}."
            f"{plain_advice(value) or ' Write a number such as 0.5 or 1e-3.'}"
        )


def _check_integer(field: str, value: object, *, optional: bool) -> None:
    if optional and value is None:
        return
    if type(value) is not int:
        advice = plain_advice(value) or " Use a Float for numbers that are not whole."
        raise SpecError(f"{field} of an Int must be an integer, got {value!r}.{advice}")
    if abs(value) >= MAX_INTEGER:
        raise SpecError(
            f"{field} of an Int must be between -2**62 and 2**62, got {value}. "
            "Use an Int for its logarithm or a scaled one, and compute the number in train."
        )


def _check_flag(kind: str, field: str, value: object) -> None:
    if type(value) is not bool:
        raise SpecError(f"{field} of {kind} must be True or False, got {value!r}. Write {field}=True.")


def _check_range(kind: str, low: float, high: float, log: object) -> None:
    _check_flag(kind, "log", log)
    if low >= high:
        raise SpecError(
            f"low must be below high in {kind}, got low={low!r} and high={high!r}. "
            "Exchange them; if they are equal, give the value itself as a constant."
        )
    if log and low <= 0:
        raise SpecError(
            f"low must be above 0 in {kind} with log=True, got low={low!r}. "
            "Use the smallest value that makes a difference, such as 1e-6, or leave log=True out."
        )


def _check_step(kind: str, step: float, low: float, high: float, log: bool) -> None:
    if log:
        raise SpecError(
            f"log and step exclude each other, got both in {kind} with step={step!r}. "
            "Leave one out, or list the values in Choice([...], ordered=True)."
        )
    if step <= 0 or decimal(step) > decimal(high) - decimal(low):
        raise SpecError(
            f"step of {kind} must be above 0 and at most high - low, got step={step!r} from {low!r} to "
            f"{high!r}. Use a smaller positive step."
        )


def _check_size(kind: str, n_values: float, low: float, high: float) -> None:
    if n_values > MAX_VALUES:
        raise SpecError(
            f"The range of {kind} must hold at most 2**40 distinct values, got {n_values} from {low!r} to "
            f"{high!r}. "
            "Use a larger step; take a number that is only a seed from trial.seed."
        )


def _check_default(kind: str, of: Scale, default: object) -> None:
    fault = of.fault(default)
    if fault is not None:
        raise SpecError(f"default of {kind} {fault}")


def _check_prior(kind: str, of: Scale, prior: object) -> None:
    if prior is None:
        return
    fault = of.fault(prior.value if isinstance(prior, Near) else prior)
    if fault is not None:
        raise SpecError(
            f"The value of prior of {kind} {fault} A prior is a value, or Near(value, spread=0.2)."
        )


def _check_weights(weights: object, n: int) -> None:
    if not isinstance(weights, list | tuple) or len(weights) != n:
        raise SpecError(
            f"prior of a Choice without order must be a list of {n} weights, one for each option, got {weights!r}. "
            "Write prior=[3, 1, …], or ordered=True and prior=option if neighbours are alike."
        )
    for weight in weights:
        if not (is_number(weight) and is_scalar(weight) and weight >= 0):
            raise SpecError(
                f"A weight of prior must be a number of at least 0, got {weight!r} in {weights!r}."
            )
    if not sum(weights) > 0:
        raise SpecError(f"Some weight of prior must be above 0, got {weights!r}.")


def _check_subspace(option: object, subspace: object) -> None:
    if type(option) is not str:
        raise SpecError(
            f"An option that opens a sub-space must be a string, got {option!r}. Name the option."
        )
    if not isinstance(subspace, Mapping):
        raise SpecError(
            f"The sub-space of option {option!r} must be a dict, got {subspace!r}. "
            "Write {'name': Float(...)}, or {} if the option opens nothing."
        )
    normals_of(subspace)


def _check_options(options: Sequence[object]) -> None:
    seen: dict[object, object] = {}
    for option in options:
        if not is_scalar(option):
            advice = plain_advice(option) or " Use names and look the object up in train."
            raise SpecError(
                "An option of a Choice must be a string, a finite number, True, False or None, "
                f"got {option!r}.{advice}"
            )
        if option in seen:
            raise SpecError(
                f"Options of a Choice must differ, got {seen[option]!r} and {option!r}. Leave one out"
                + ("." if repr(option) == repr(seen[option]) else "; Python takes the two for equal.")
            )
        seen[option] = option


def _constant_advice(value: object) -> str:
    if isinstance(value, Mapping):
        return " Write Choice({...}) for options that open sub-spaces."
    if isinstance(value, list | tuple | set | range):
        return " Write Choice([...]) to choose one of these."
    return plain_advice(value) or " Use names and look the object up in train."
