"""Numbers, times and configurations as a person reads them."""

from collections.abc import Mapping, Sequence

from rung.core.decision import Status
from rung.core.space import Config, Scalar
from rung.core.usage import Usage
from rung.core.why import plural

NOTHING = "-"
STATUSES: tuple[Status, ...] = ("running", "queued", "paused", "complete", "stopped", "failed")


def number(value: float | None) -> str:
    """Five significant digits; whole numbers whole."""
    if value is None:
        return NOTHING
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e6):
        return str(int(value))
    return f"{value:.5g}"


def scalar(value: Scalar) -> str:
    """The value of a hyperparameter, rounded for reading."""
    return number(value) if isinstance(value, float) else str(value)


def short(config: Config) -> str:
    """A configuration in one line."""
    return " ".join(f"{name}={scalar(value)}" for name, value in config.items())


def units(n: float, unit: str) -> str:
    """`9 epochs`, `1 epoch`."""
    return f"{n:g} {plural(unit, int(n))}" if n < 1e6 else f"{n:.4g} {plural(unit, int(n))}"


def duration(seconds: float) -> str:
    """A length of time in at most two units."""
    if seconds < 0.9995:  # else it would be rounded to 1e+03 ms
        return f"{seconds * 1000:.3g} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def size(n_bytes: int) -> str:
    """A number of bytes."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if n_bytes >= 1000**power:
            return f"{n_bytes / 1000**power:.3g} {unit}"
    return units(n_bytes, "byte")


def used(usage: Usage, whose: str = "its") -> str:
    """What was used of a machine: `0.9 of 1 CPU, 312 MB at most, 11 % of its GPU (2.1 GB at most)`."""
    owned = usage.cpus_owned
    cpus = f"{usage.cpus:.2g} of {units(owned, 'CPU')}" if owned else units(float(f"{usage.cpus:.2g}"), "CPU")
    parts = [cpus, f"{size(usage.memory_bytes)} at most"]
    if usage.gpu is not None:
        held = f" ({size(usage.gpu_memory_bytes)} at most)" if usage.gpu_memory_bytes is not None else ""
        gpus = "GPU" if usage.gpus_owned <= 1 else f"{usage.gpus_owned:.3g} GPUs"
        parts.append(f"{100 * usage.gpu:.0f} % of {whose} {gpus}{held}")
    return ", ".join(parts)


def costs(sums: Mapping[str, float]) -> str:
    """What was spent in each currency: `money 2.31, energy 51200`."""
    return ", ".join(f"{name} {number(value)}" for name, value in sums.items())


def conjoined(words: Sequence[str]) -> str:
    """Some words after one another: `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counts(found: Mapping[Status, int]) -> str:
    """Trials per status: `2 running, 20 paused`."""
    return ", ".join(f"{found[status]} {status}" for status in STATUSES if found.get(status))


def columns(rows: Mapping[str, str], indent: str = "") -> str:
    """Names and texts, the texts aligned."""
    width = max((len(name) for name in rows), default=0)
    return "\n".join(f"{indent}{name:<{width}}  {text}" for name, text in rows.items())
