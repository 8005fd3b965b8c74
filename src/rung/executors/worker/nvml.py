"""What the GPUs of a process are doing, through NVIDIA's management library (the package nvidia-ml-py).

NVML counts the GPUs in the order of the bus. Where those of a machine differ, CUDA does so only with
CUDA_DEVICE_ORDER=PCI_BUS_ID.

Reference:
    NVIDIA, NVML API Reference Guide, sections Device Queries and GRID Virtualization APIs (utilization of processes).
"""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple


class GpuReading(NamedTuple):
    """What GPUs are doing now.

    Attributes:
        busy: Share of the last second in which they computed, averaged over them, 0 to 1; None: they do not say.
        memory_bytes: What is held on all of them; None: they do not say.
    """

    busy: float | None
    memory_bytes: int | None


class Gpus:
    """The GPUs of this process.

    Args:
        nvml: The library, initialized.
        names: As in CUDA_VISIBLE_DEVICES: numbers, or the UUIDs of GPUs or of their partitions (MIG).
    """

    def __init__(self, nvml: Any, names: Sequence[str]) -> None:  # Any: a module without types
        self._nvml = nvml
        self._devices = [_Device(nvml, _handle(nvml, name)) for name in names]

    @classmethod
    def opened(cls, names: Sequence[str]) -> "Gpus | None":
        """None if there are none, or neither the library nor a driver for it."""
        if not names:
            return None
        try:
            import pynvml
        except ImportError:
            return None
        try:
            pynvml.nvmlInit()
            return cls(pynvml, names)
        except pynvml.NVMLError:
            return None

    def read(self, pids: Collection[int]) -> GpuReading:
        """What they are doing now, as far as it is for these processes.

        On a GPU that others use, too, their part is left out, if NVML knows processes by the same numbers as we do; in
        a container it may not, and then all that the GPU does counts.
        """
        readings = [device.read(pids) for device in self._devices]
        shares = [each.busy for each in readings if each.busy is not None]
        sizes = [each.memory_bytes for each in readings if each.memory_bytes is not None]
        return GpuReading(sum(shares) / len(shares) if shares else None, sum(sizes) if sizes else None)

    def joules(self) -> list[float | None]:
        """What each has taken since its driver was loaded; None: it does not say."""
        return [device.joules() for device in self._devices]

    def crowds(self) -> list[int]:
        """How many processes compute on each, ours included."""
        return [device.crowd() for device in self._devices]


def _handle(nvml: Any, name: str) -> Any:
    return (
        nvml.nvmlDeviceGetHandleByIndex(int(name))
        if name.isdecimal()
        else nvml.nvmlDeviceGetHandleByUUID(name)
    )


def _is_here(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))


class _Device:
    """One GPU. A number that it does not give is None: a partition does not say how busy it is."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml = nvml
        self._handle = handle
        self._seen = int((time.time() - 1) * 1e6)  # NVML's time of the last sample, in microseconds

    def read(self, pids: Collection[int]) -> GpuReading:
        found = self._asked(self._nvml.nvmlDeviceGetComputeRunningProcesses) or []
        if not found or not all(_is_here(process.pid) for process in found):
            return GpuReading(self._busy(), self._memory_bytes())
        ours = [process for process in found if process.pid in pids]
        if not ours:
            return GpuReading(0.0, 0)
        busy = self._busy() if len(ours) == len(found) else self._busy_for(pids)
        return GpuReading(busy, sum(process.usedGpuMemory or 0 for process in ours))  # None on Windows

    def joules(self) -> float | None:
        found = self._asked(self._nvml.nvmlDeviceGetTotalEnergyConsumption)
        return None if found is None else float(found) / 1000

    def crowd(self) -> int:
        return max(1, len(self._asked(self._nvml.nvmlDeviceGetComputeRunningProcesses) or []))

    def _busy(self) -> float | None:
        rates = self._asked(self._nvml.nvmlDeviceGetUtilizationRates)
        return None if rates is None else float(rates.gpu) / 100

    def _busy_for(self, pids: Collection[int]) -> float | None:
        """As far as it is for these processes, since it was asked last."""
        try:
            samples = self._nvml.nvmlDeviceGetProcessUtilization(self._handle, self._seen)
        except self._nvml.NVMLError_NotFound:
            return 0.0  # none of its processes has computed since
        except self._nvml.NVMLError:
            return None
        samples = sorted(samples, key=lambda sample: int(sample.timeStamp))
        self._seen = samples[-1].timeStamp if samples else self._seen
        latest = {sample.pid: float(sample.smUtil) for sample in samples}
        return min(1.0, sum(share for pid, share in latest.items() if pid in pids) / 100)

    def _memory_bytes(self) -> int | None:
        """Without what the driver keeps for itself."""
        found = self._asked(self._nvml.nvmlDeviceGetMemoryInfo, version=self._nvml.nvmlMemory_v2)
        return None if found is None else int(found.used)

    def _asked(self, ask: Callable[..., Any], **options: Any) -> Any:
        """An answer of NVML; None if there is none."""
        try:
            return ask(self._handle, **options)
        except self._nvml.NVMLError:
            return None
