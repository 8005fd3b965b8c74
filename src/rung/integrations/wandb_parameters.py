"""The `parameters` of a W&B sweep as rung's: a table from the name of a distribution to what it stands for."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from rung.core.errors import SpecError
from rung.core.parameter import Choice, Constant, Float, Int, Parameter, is_scalar
from rung.core.scale import Scalar, nearest

logger = logging.getLogger("rung")

_WIDTH = 3.0  # standard deviations on either side: 99.7 % of a bell curve
_LEVELS = 32  # of a range that is spread over the logarithm and has steps, which a Float of rung cannot have
_FIELDS = ("distribution", "value", "values", "probabilities", "min", "max", "mu", "sigma", "q", "a", "b")

Fields = Mapping[str, Any]
"""One parameter's table; Any: whatever YAML holds."""


def wandb_parameters(given: object, prefix: str = "") -> dict[str, Parameter]:
    """The hyperparameters by name; a nested one is called `outer.inner`.

    Raises:
        SpecError: If one is wrong; the sentence begins with its name.
    """
    return dict(_parameters(given, prefix))


def texts_of(parameter: Parameter) -> Parameter:
    """The parameter with booleans and None as Python writes them, which is how W&B passes them to a program."""
    match parameter:
        case Constant(value=bool() | None as value):
            return Constant(str(value))
        case Choice(options=options, ordered=ordered):
            words = [str(each) if each is None or isinstance(each, bool) else each for each in options]
            return Choice(words, ordered=ordered)
        case _:
            return parameter


def _parameters(given: object, prefix: str) -> Iterator[tuple[str, Parameter]]:
    if not isinstance(given, Mapping):
        raise SpecError(f"parameters must be a mapping from names to ranges, got {given!r:.60}.")
    for key, fields in given.items():
        name = f"{prefix}{key}"
        if not isinstance(fields, Mapping):
            raise SpecError(f"{name}: must be a mapping such as {{min: 0.1, max: 1.0}}, got {fields!r:.60}.")
        if "parameters" in fields:
            yield from _parameters(fields["parameters"], f"{name}.")
            continue
        try:
            yield name, _parameter(name, fields)
        except SpecError as error:
            raise SpecError(f"{name}: {error}") from None


def _parameter(name: str, fields: Fields) -> Parameter:
    for field in fields:
        if field not in _FIELDS:
            hint = nearest(field, _FIELDS) or f" Known are {', '.join(_FIELDS)}."
            raise SpecError(f"there is no key {field!r}.{hint}")
    kind = fields.get("distribution") or _implied(fields)
    if kind not in _DISTRIBUTIONS:
        hint = nearest(kind, _DISTRIBUTIONS) or f" Known are {', '.join(_DISTRIBUTIONS)}."
        raise SpecError(f"there is no distribution {kind!r}.{hint}")
    return _DISTRIBUTIONS[kind](name, fields)


def _implied(fields: Fields) -> str:
    if "value" in fields:
        return "constant"
    if "values" in fields:
        return "categorical"
    if "min" in fields and "max" in fields:
        whole = type(fields["min"]) is int and type(fields["max"]) is int
        return "int_uniform" if whole else "uniform"
    raise SpecError(f"needs value, values, min and max, or a distribution, got {dict(fields)!r:.100}.")


# What each distribution stands for


def _constant(name: str, fields: Fields) -> Parameter:
    return Constant(_scalar(fields.get("value")))


def _categorical(name: str, fields: Fields) -> Parameter:
    values = fields.get("values")
    if not isinstance(values, list | tuple) or not values:
        raise SpecError(f"values must be a list with at least one option, got {values!r:.60}.")
    probabilities = fields.get("probabilities")
    if probabilities is not None and len(set(probabilities)) > 1:
        logger.warning(
            "%s: rung takes all options for equally likely, got probabilities=%s.", name, probabilities
        )
    return Choice([_scalar(value) for value in values])


def _int_uniform(name: str, fields: Fields) -> Parameter:
    low, high = _bounds(fields)
    if low != int(low) or high != int(high):
        raise SpecError(f"min and max of int_uniform must be whole, got {low:g} and {high:g}.")
    return Constant(int(low)) if low == high else Int(int(low), int(high))


def _uniform(name: str, fields: Fields) -> Parameter:
    return _float(*_bounds(fields))


def _q_uniform(name: str, fields: Fields) -> Parameter:
    return _stepped(*_bounds(fields), _quantum(fields))


def _log_uniform(name: str, fields: Fields) -> Parameter:
    low, high = _bounds(fields)
    if high > 700:
        raise SpecError(
            f"min and max of log_uniform are exponents of e, got {low:g} and {high:g}. Did you mean log_uniform_values?"
        )
    return _float(math.exp(low), math.exp(high), log=True)


def _log_uniform_values(name: str, fields: Fields) -> Parameter:
    return _float(*_bounds(fields), log=True)


def _inv_log_uniform(name: str, fields: Fields) -> Parameter:
    low, high = _bounds(fields)
    return _float(math.exp(-high), math.exp(-low), log=True)


def _inv_log_uniform_values(name: str, fields: Fields) -> Parameter:
    low, high = _bounds(fields)
    if low <= 0:
        raise SpecError(f"min of inv_log_uniform_values must be above 0, got {low:g}.")
    return _float(1 / high, 1 / low, log=True)


def _q_log_uniform(name: str, fields: Fields) -> Parameter:
    low, high = _bounds(fields)
    return _log_stepped(math.exp(low), math.exp(high), _quantum(fields))


def _q_log_uniform_values(name: str, fields: Fields) -> Parameter:
    low, high = _bounds(fields)
    if low <= 0 or low > high:
        raise SpecError(f"min must be above 0 and at most max, got min={low:g} and max={high:g}.")
    return _log_stepped(low, high, _quantum(fields))


def _normal(name: str, fields: Fields) -> Parameter:
    return _float(*_bell(name, fields))


def _q_normal(name: str, fields: Fields) -> Parameter:
    return _stepped(*_bell(name, fields), _quantum(fields))


def _log_normal(name: str, fields: Fields) -> Parameter:
    low, high = _bell(name, fields)
    return _float(math.exp(low), math.exp(high), log=True)


def _q_log_normal(name: str, fields: Fields) -> Parameter:
    low, high = _bell(name, fields)
    return _log_stepped(math.exp(low), math.exp(high), _quantum(fields))


def _beta(name: str, fields: Fields) -> Parameter:
    logger.warning("%s: the beta distribution becomes an even one from 0 to 1.", name)
    return Float(0.0, 1.0)


def _q_beta(name: str, fields: Fields) -> Parameter:
    logger.warning("%s: the beta distribution becomes an even one from 0 to 1.", name)
    return _stepped(0.0, 1.0, _quantum(fields))


_DISTRIBUTIONS: dict[str, Callable[[str, Fields], Parameter]] = {
    "constant": _constant,
    "categorical": _categorical,
    "categorical_w_probabilities": _categorical,
    "int_uniform": _int_uniform,
    "uniform": _uniform,
    "q_uniform": _q_uniform,
    "log_uniform": _log_uniform,
    "log_uniform_values": _log_uniform_values,
    "inv_log_uniform": _inv_log_uniform,
    "inv_log_uniform_values": _inv_log_uniform_values,
    "q_log_uniform": _q_log_uniform,
    "q_log_uniform_values": _q_log_uniform_values,
    "normal": _normal,
    "q_normal": _q_normal,
    "log_normal": _log_normal,
    "q_log_normal": _q_log_normal,
    "beta": _beta,
    "q_beta": _q_beta,
}


# Numbers


def _float(low: float, high: float, *, log: bool = False) -> Parameter:
    return Constant(low) if low == high else Float(low, high, log=log)


def _stepped(low: float, high: float, q: float) -> Parameter:
    """The multiples of q from low to high."""
    first, last = math.ceil(low / q - 1e-9), math.floor(high / q + 1e-9)
    if first > last:
        raise SpecError(f"no multiple of q={q:g} lies from {low:g} to {high:g}.")
    if q == int(q):
        q = int(q)
        return Constant(first * q) if first == last else Int(first * q, last * q, step=q)
    digits = 12 - math.floor(math.log10(q))
    low, high = round(first * q, digits), round(last * q, digits)
    return Constant(low) if first == last else Float(low, high, step=q)


def _log_stepped(low: float, high: float, q: float) -> Parameter:
    """Multiples of q, spread over the logarithm; not all of them where they are many."""
    if q == 1 and low >= 1:
        return _int_uniform_log(round(low), round(high))
    gaps = _LEVELS - 1
    spread = [low * (high / low) ** (number / gaps) for number in range(_LEVELS)]
    multiples = dict.fromkeys(max(1, round(value / q)) for value in spread)
    if q == int(q):
        return Choice([multiple * int(q) for multiple in multiples], ordered=True)
    digits = 12 - math.floor(math.log10(q))
    return Choice([round(multiple * q, digits) for multiple in multiples], ordered=True)


def _int_uniform_log(low: int, high: int) -> Parameter:
    return Constant(low) if low == high else Int(low, high, log=True)


def _bell(name: str, fields: Fields) -> tuple[float, float]:
    mu, sigma = _number(fields, "mu", 0.0), _number(fields, "sigma", 1.0)
    if sigma <= 0:
        raise SpecError(f"sigma must be above 0, got {sigma:g}.")
    low, high = mu - _WIDTH * sigma, mu + _WIDTH * sigma
    logger.warning(
        "%s: the normal distribution becomes an even one from %g to %g, three sigma on either side.",
        name,
        low,
        high,
    )
    return low, high


def _bounds(fields: Fields) -> tuple[float, float]:
    return _number(fields, "min"), _number(fields, "max")


def _quantum(fields: Fields) -> float:
    q = _number(fields, "q", 1.0)
    if q <= 0:
        raise SpecError(f"q must be above 0, got {q:g}.")
    return q


def _number(fields: Fields, field: str, default: float | None = None) -> float:
    value = fields.get(field, default)
    if isinstance(value, str):  # YAML takes 1e-5 for a string: it wants 1.0e-5
        with suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SpecError(f"{field} must be a number, got {value!r}.")
    return float(value)


def _scalar(value: object) -> Scalar:
    """The value; a list or a table as Python writes it, which is how W&B passes it to a program."""
    return value if is_scalar(value) else str(value)  # type: ignore[return-value]  # checked
