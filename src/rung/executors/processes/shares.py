"""Who gets which GPU: several whole ones, or an equal share of one. A share never lies on two."""

import math

from rung.core.errors import SpecError

Gpus = tuple[str, ...]
"""Names of GPUs, as in CUDA_VISIBLE_DEVICES."""

_SMALLEST = 0.01
_ROUNDING = 1e-9  # 1 / (1 / 49) is below 49
_NAMED = 8


def check_share(gpus_per_worker: float) -> None:
    """Raise unless it is a share of one GPU, or a number of whole ones."""
    is_number = isinstance(gpus_per_worker, int | float) and not isinstance(gpus_per_worker, bool)
    if not is_number or not (
        _SMALLEST <= gpus_per_worker <= 1 or (gpus_per_worker > 1 and float(gpus_per_worker).is_integer())
    ):
        raise SpecError(
            f"gpus_per_worker is a share of one GPU such as 0.5 (at least {_SMALLEST}), or a whole number of GPUs, got "
            f"{gpus_per_worker!r}. For workers without GPUs say gpus=()."
        )


def capacity(gpus: Gpus, gpus_per_worker: float) -> int:
    """How many workers with so much the GPUs hold."""
    if gpus_per_worker > 1:
        return len(gpus) // int(gpus_per_worker)
    return len(gpus) * math.floor(1 / gpus_per_worker + _ROUNDING)


def shared_out(gpus: Gpus, gpus_per_worker: float | None, workers: int | None) -> tuple[Gpus, ...]:
    """The GPUs of each worker.

    Args:
        gpus: All that there are.
        gpus_per_worker: How much each worker owns; None: they take one each in turn, and share where they are more.
        workers: How many there are; None: as many as the GPUs hold.

    Raises:
        SpecError: If the GPUs do not hold so many.
    """
    if gpus_per_worker is None:
        return tuple((gpus[place % len(gpus)],) if gpus else () for place in range(workers or 0))
    n = _checked(gpus, gpus_per_worker, workers)
    if gpus_per_worker > 1:
        each = int(gpus_per_worker)
        return tuple(gpus[place * each : (place + 1) * each] for place in range(n))
    return tuple((gpus[place % len(gpus)],) for place in range(n))


def _checked(gpus: Gpus, gpus_per_worker: float, workers: int | None) -> int:
    """How many workers there are."""
    most = capacity(gpus, gpus_per_worker)
    if most == 0:
        raise SpecError(
            f"gpus_per_worker={gpus_per_worker:g} needs more GPUs than there are here: {_listed(gpus)}. "
            "CUDA_VISIBLE_DEVICES and gpus= say which may be used."
        )
    if workers is not None and workers > most:
        hold = "holds" if len(gpus) == 1 else "hold"
        each = f", {most // len(gpus)} on each" if len(gpus) > 1 and gpus_per_worker <= 1 else ""
        raise SpecError(
            f"workers={workers} with gpus_per_worker={gpus_per_worker:g} do not fit: {_listed(gpus)} {hold} "
            f"{most}{each}. Say workers={most}, or leave workers out."
        )
    return most if workers is None else workers


def _listed(gpus: Gpus) -> str:
    if not gpus:
        return "none"
    names = ", ".join(gpus[:_NAMED]) + (" …" if len(gpus) > _NAMED else "")
    return f"{len(gpus)} GPU{'s' if len(gpus) > 1 else ''} ({names})"
