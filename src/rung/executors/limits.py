"""What the machine has: processors, GPUs, and how often its kernel killed for want of memory."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_MAX_THREADS",
)


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_variables(threads: int | None, workers: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Environment variables that keep numerical libraries from using all processors in each of the workers.

    Args:
        threads: For each worker, whatever the environment says; None: an equal share, where it says nothing.
        workers: How many there are.
        environment: The user's. OMP_NUM_THREADS in it speaks for all, as most libraries fall back on it.
    """
    if threads is not None:
        return dict.fromkeys(THREAD_VARIABLES, str(threads))
    if "OMP_NUM_THREADS" in environment:
        return {}
    share = str(max(1, cores() // workers))
    return {name: share for name in THREAD_VARIABLES if name not in environment}


def gpus(environment: Mapping[str, str], devices: Path = Path("/dev")) -> tuple[str, ...]:
    """Names of the GPUs that this process may use, without loading a library that would claim them."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        found = [path for path in devices.glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)]
        return tuple(str(number) for number in range(len(found)))
    names = [name.strip() for name in visible.split(",")]
    if "-1" in names:  # CUDA ignores what stands behind it
        names = names[: names.index("-1")]
    return tuple(name for name in names if name)


def kind(environment: Mapping[str, str], gpus: Sequence[str]) -> str:
    """The kind of machine that a worker stands on, for unequal ones: what RUNG_KIND says, else "gpu" or "cpu"."""
    return environment.get("RUNG_KIND") or ("gpu" if gpus else "cpu")


def memory_kills() -> int:
    """How many processes the kernel has killed for want of memory; 0 where it does not say."""
    try:
        with open("/proc/vmstat", "rb") as statistics:  # noqa: PTH123  read often, and Path.open is slower
            found = re.search(rb"^oom_kill (\d+)", statistics.read(), re.MULTILINE)
    except OSError:
        return 0
    return int(found.group(1)) if found else 0
