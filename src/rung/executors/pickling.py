"""A callable as bytes for workers, and the name of the part that cannot go there."""

import functools
import inspect
from collections.abc import Callable, Iterator

from rung.core.errors import ExecutorError

_DEEPEST = 8


def dumps(call: object) -> bytes:
    """The callable as bytes.

    Raises:
        ExecutorError: If a part of it cannot be pickled; the message names it.
    """
    error = _failure(call)
    if error is None:
        return _pickled(call)
    culprit, error = _culprit(call, error)
    raise ExecutorError(
        f"the training function cannot be sent to workers, because of {culprit}: {type(error).__name__}: "
        f"{error}. Make such things inside the function, or train in this process: executor=rung.InProcess()."
    ) from error


def _pickled(value: object) -> bytes:
    import cloudpickle  # workers never need it to pickle, nor does a run in process

    return bytes(cloudpickle.dumps(value))


def _failure(value: object) -> Exception | None:
    try:
        _pickled(value)
    except Exception as error:  # noqa: BLE001  a stranger's __reduce__ may raise anything
        return error
    return None


def _culprit(value: object, error: Exception) -> tuple[str, Exception]:
    """The innermost part that fails, as the way to it, and what it says."""
    way: list[str] = []
    for _ in range(_DEEPEST):
        for name, part in _parts(value):
            failed = _failure(part)
            if failed is not None:
                way.append(name)
                value, error = part, failed
                break
        else:
            break
    return " in ".join(reversed(way)) or f"{value!r:.60}", error


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """What a value is pickled with, each part with its name."""
    if inspect.isfunction(value):
        yield from _variables(value)
    elif inspect.ismethod(value):
        yield f"the object of method {value.__name__}", value.__self__
    elif isinstance(value, functools.partial):
        yield "the partial function", value.func
        yield from ((f"argument {n}", part) for n, part in enumerate(value.args))
        yield from ((f"argument {name}", part) for name, part in value.keywords.items())
    elif isinstance(value, dict):
        yield from ((f"item {key!r:.40}", part) for key, part in value.items())
    elif isinstance(value, list | tuple | set):
        yield from ((f"item {n}", part) for n, part in enumerate(value))
    else:
        slots = [name for base in type(value).__mro__ for name in getattr(base, "__slots__", ())]
        for name in [*getattr(value, "__dict__", ()), *slots]:
            if hasattr(value, name):
                yield name, getattr(value, name)


def _variables(function: Callable[..., object]) -> Iterator[tuple[str, object]]:
    found = inspect.getclosurevars(function)
    for name, part in {**found.nonlocals, **found.globals}.items():
        yield f"variable {name!r}", part
