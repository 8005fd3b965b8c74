"""What is read of GPUs. NVML is a fake module with the functions of the real one, see `fake_nvml.py`."""

import os
import sys
from types import ModuleType

import pytest

from executors.fake_nvml import Device, Process, nvml
from rung.executors.worker.nvml import GpuReading, Gpus

OWN = os.getpid()
OTHER = os.getppid()
ELSEWHERE = 2**22 + 1  # no process of this machine has such a number


def read(monkeypatch: pytest.MonkeyPatch, module: ModuleType | None, *names: str) -> GpuReading | None:
    monkeypatch.setitem(sys.modules, "pynvml", module)
    gpus = Gpus.opened(names)
    return None if gpus is None else gpus.read({OWN})


def test_a_gpu_that_only_we_use_is_as_busy_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device([Process(OWN, 3_000_000)], busy=11, used=500_000_000)
    assert read(monkeypatch, nvml([Device(), device]), "1") == GpuReading(0.11, 3_000_000)


def test_several_gpus_are_averaged_and_their_memory_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [Device([Process(OWN, 100)], busy=20), Device([Process(OWN, 50)], busy=60)]
    found = read(monkeypatch, nvml(devices, ["GPU-a", "GPU-b"]), "GPU-a", "GPU-b")
    assert found == GpuReading(pytest.approx(0.4), 150)


def test_on_a_gpu_that_is_shared_only_our_part_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device([Process(OWN, 100), Process(OTHER, 900)], busy=95, shares={OWN: 30, OTHER: 65}, used=1000)
    assert read(monkeypatch, nvml([device]), "0") == GpuReading(0.3, 100)
    device.shares = {}
    assert read(monkeypatch, nvml([device]), "0") == GpuReading(0.0, 100)


def test_a_gpu_that_only_others_use_is_not_used_by_us(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device([Process(OTHER, 900)], busy=95, used=1000)
    assert read(monkeypatch, nvml([device]), "0") == GpuReading(0.0, 0)


def test_where_nvml_numbers_processes_otherwise_all_of_the_gpu_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = Device([Process(ELSEWHERE, 900)], busy=40, used=1000)
    assert read(monkeypatch, nvml([device]), "0") == GpuReading(0.4, 1000)
    assert read(monkeypatch, nvml([Device(busy=40, used=1000)]), "0") == GpuReading(0.4, 1000)


def test_a_partition_does_not_say_how_busy_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device([Process(OWN, 100)], busy=None)
    assert read(monkeypatch, nvml([device], ["MIG-1"]), "MIG-1") == GpuReading(None, 100)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (None, ("0",)),  # the library is not installed
        (nvml([Device()], driver=False), ("0",)),
        (nvml([Device()]), ()),
        (nvml([Device()]), ("3",)),
        (nvml([Device()]), ("GPU-unknown",)),
    ],
)
def test_what_cannot_be_measured_is_not_known(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType | None, names: tuple[str, ...]
) -> None:
    assert read(monkeypatch, module, *names) is None
