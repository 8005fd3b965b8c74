"""Checks of what trials use of their machines: do GPUs stand idle, are there too many processors, or too few?"""

from collections.abc import Iterator

from rung.analysis.doctor.case import Case, need
from rung.analysis.doctor.finding import Finding
from rung.words import duration, size, units

GPU_IDLE = 0.4  # busy for less of the time: two trials could share one
CPU_IDLE = 0.4
CPU_FULL = 1.5
ENOUGH_S = 60.0  # of training, below which loading and compiling may be all that was seen


def gpus(case: Case) -> Iterator[Finding]:
    """GPUs stand idle while trials hold them."""
    usage = case.data.usage
    need(usage.gpu_room_s > 0 or usage.gpu is not None, "no trial that was measured had a GPU")
    need(usage.gpu is not None, "GPUs were not measured: pip install 'rung[gpu]'")
    need(
        usage.gpu_measured_s >= ENOUGH_S,
        f"only {duration(usage.gpu_measured_s)} of training on GPUs were measured",
    )
    assert usage.gpu is not None
    if usage.gpu >= GPU_IDLE:
        return
    held = usage.gpu_memory_bytes
    memory = f" A trial held at most {size(held)} of GPU memory." if held else ""
    yield Finding(
        "gpus",
        "advice",
        f"GPUs were busy for {100 * usage.gpu:.0f} % of the time in which trials had them.{memory}",
        "Let several trials share a GPU, Local(gpus_per_worker=0.5), or feed it faster: larger batches, more processes "
        "that load data.",
        {"busy": usage.gpu, "seconds": usage.gpu_measured_s, "memory_bytes": held or 0},
    )


def processors(case: Case) -> Iterator[Finding]:
    """Trials leave processors idle, or use those of others."""
    usage = case.data.usage
    need(usage.seconds >= ENOUGH_S, f"only {duration(usage.seconds)} of training were measured")
    need(usage.cpus_owned > 0, "it is not known how many processors workers have")
    share = usage.cpus / usage.cpus_owned
    evidence = {"cpus": usage.cpus, "owned": usage.cpus_owned, "seconds": usage.seconds}
    room = units(float(f"{usage.cpus_owned:.3g}"), "processor")
    if share < CPU_IDLE and usage.cpus_owned > 1 and not usage.gpu_room_s:
        yield Finding(
            "processors",
            "advice",
            f"Trials used {usage.cpus:.2g} of the {room} that each worker has.",
            "Start more workers, or let a training use more threads or processes.",
            evidence,
        )
    if share > CPU_FULL:
        yield Finding(
            "processors",
            "advice",
            f"Trials used {usage.cpus:.2g} processors each where a worker has {room}, so they are in each other's way.",
            "Start fewer workers, or let a training use fewer threads and processes.",
            evidence,
        )
