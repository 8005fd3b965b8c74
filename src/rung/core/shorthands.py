"""Short words for the usual ranges, to be read aloud: `lr=rung.log(1e-5, 1e-1)`.

They give the parameters of `rung.core.parameter`, whose own names take every option (steps, sub-spaces, order).
"""

from rung.core.errors import SpecError
from rung.core.parameter import Choice, Float, Int
from rung.core.scale import Scalar


def uniform(low: float, high: float, *, default: float | None = None) -> Float:
    """A number from low to high: `Float(low, high)`."""
    return Float(low, high, default=default)


def log(low: float, high: float, *, default: float | None = None) -> Float:
    """A number from low to high, spread evenly over orders of magnitude: `Float(low, high, log=True)`."""
    return Float(low, high, log=True, default=default)


def integer(low: int, high: int, *, default: int | None = None) -> Int:
    """A whole number from low to high, both included: `Int(low, high)`."""
    return Int(low, high, default=default)


def log_integer(low: int, high: int, *, default: int | None = None) -> Int:
    """A whole number, spread evenly over orders of magnitude: `Int(low, high, log=True)`."""
    return Int(low, high, log=True, default=default)


def choice(*options: Scalar) -> Choice:
    """One of some options: `choice("adam", "sgd")` is `Choice(["adam", "sgd"])`."""
    for option in options:
        if isinstance(option, list | tuple | dict | set | range):
            raise SpecError(
                f"choice takes its options one by one, as in choice(16, 32, 64), got {option!r:.60}. "
                "Choice takes a list, or a dict of options that open sub-spaces."
            )
    return Choice(options)
