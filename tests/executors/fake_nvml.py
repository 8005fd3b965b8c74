"""A fake of the module `pynvml`: the functions, constants and errors of the real one that are used, on GPUs made here.

It shows that what NVML says is understood as its manual describes it; that a GPU says so, it cannot show.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace


@dataclass
class Process:
    """As in a list of running processes: its number, and the bytes that it holds on the GPU."""

    pid: int
    usedGpuMemory: int | None  # noqa: N815  NVML's name


@dataclass
class Device:
    """A GPU.

    Attributes:
        processes: Who computes on it.
        busy: Percent of the last second; None: it does not say, as a partition.
        shares: The same by process.
        used: Bytes that are held on it.
        millijoules: What it has taken; None: it does not say.
    """

    processes: list[Process] = field(default_factory=list)
    busy: int | None = 0
    shares: dict[int, int] = field(default_factory=dict)
    used: int = 0
    millijoules: int | None = None


class NVMLError(Exception):
    pass


class NotFoundError(NVMLError):
    pass


def nvml(devices: Sequence[Device], uuids: Sequence[str] = (), *, driver: bool = True) -> ModuleType:
    """The module, on a machine with these GPUs."""

    def start() -> None:
        if not driver:
            raise NVMLError("Driver Not Loaded")

    def numbered(index: int) -> Device:
        if index >= len(devices):
            raise NVMLError("Invalid Argument")
        return devices[index]

    def named(uuid: str) -> Device:
        if uuid not in uuids:
            raise NotFoundError("Not Found")
        return devices[uuids.index(uuid)]

    def rates(device: Device) -> SimpleNamespace:
        if device.busy is None:
            raise NVMLError("Not Supported")
        return SimpleNamespace(gpu=device.busy, memory=1)

    def shares(device: Device, since: int) -> list[SimpleNamespace]:
        assert 0 < since <= time.time() * 1e6
        if not device.shares:
            raise NotFoundError("Not Found")
        return [
            SimpleNamespace(pid=pid, timeStamp=since, smUtil=share) for pid, share in device.shares.items()
        ]

    def memory(device: Device, version: int) -> SimpleNamespace:
        assert version == 2
        return SimpleNamespace(used=device.used, total=80 * 10**9)

    def energy(device: Device) -> int:
        if device.millijoules is None:
            raise NVMLError("Not Supported")
        return device.millijoules

    module = ModuleType("pynvml")
    module.__dict__.update(
        NVMLError=NVMLError,
        NVMLError_NotFound=NotFoundError,
        nvmlMemory_v2=2,
        nvmlInit=start,
        nvmlDeviceGetHandleByIndex=numbered,
        nvmlDeviceGetHandleByUUID=named,
        nvmlDeviceGetComputeRunningProcesses=lambda device: list(device.processes),
        nvmlDeviceGetUtilizationRates=rates,
        nvmlDeviceGetProcessUtilization=shares,
        nvmlDeviceGetMemoryInfo=memory,
        nvmlDeviceGetTotalEnergyConsumption=energy,
    )
    return module
