"""What training costs where it runs, in money and in energy, between one report and the next.

Money is time by the rate of the worker. Energy is measured where the machine lets us: that of a worker's GPUs by NVML,
and that of processors by RAPL, which Linux shows below /sys/class/powercap and mostly to root alone. RAPL counts whole
processors and their memory, so the training gets the part of it that its processes have of the machine's busy time; a
GPU on which several processes compute is shared equally among them. Elsewhere the declared power counts.

Of a gang, rank 0 measures: its machine's GPUs, and the processors as far as any rank there keeps them busy. Ranks on
other machines do the same work, so each machine is taken to draw as much.

Reference:
    Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3B, section Platform Specific Power Management
    Support (RAPL); Linux kernel documentation, Power Capping Framework; NVIDIA, NVML API Reference Guide.
"""

import os
from pathlib import Path

from rung.core.tariff import FREE, Tariff
from rung.executors import limits
from rung.executors.worker.meter import tree_cpu_s
from rung.executors.worker.nvml import Gpus
from rung.executors.worker.ranked import Ranked

POWERCAP = Path("/sys/class/powercap")
STAT = Path("/proc/stat")


class Spending:
    """What the training of one trial costs.

    Args:
        tariff: What the study asks for.
        gang: The place of this process among those that train the trial; None: it trains alone.
    """

    def __init__(self, tariff: Tariff, gang: Ranked | None = None) -> None:
        self._tariff = tariff
        self._root = None if gang is None else os.getppid()  # of all ranks on this machine
        self._machines = 1 if gang is None else int(os.environ.get("GROUP_WORLD_SIZE", "1"))
        self._gpus: GpuEnergy | None = None
        self._cpus: CpuEnergy | None = None
        self._kind = ""

    def open(self) -> None:
        """Find what this machine can tell.

        Raises:
            MisuseError: If nothing tells what training costs here.
        """
        if self._tariff == FREE:
            return
        gpus = limits.gpus(os.environ)
        self._kind = limits.kind(os.environ, gpus)
        if self._tariff.watts is not None:
            self._gpus = GpuEnergy.opened(gpus)
            self._cpus = CpuEnergy.opened(self._root) if self._gpus is not None or not gpus else None
        self.begin()
        self.spent(0.0)

    def begin(self) -> None:
        """From now on the training has the time to itself."""
        for counter in (self._gpus, self._cpus):
            if counter is not None:
                counter.begin()

    def spent(self, seconds: float) -> dict[str, float]:
        """What was spent since then.

        Args:
            seconds: How long that is.
        """
        return self._tariff.spent(self._kind, seconds, self._joules())

    def _joules(self) -> float | None:
        found = [counter.joules() for counter in (self._gpus, self._cpus) if counter is not None]
        return self._machines * sum(found) if found else None


class GpuEnergy:
    """The energy of this process's GPUs.

    Args:
        gpus: They, each of which counts its energy.
    """

    def __init__(self, gpus: Gpus) -> None:
        self._gpus = gpus
        self._before = gpus.joules()

    @classmethod
    def opened(cls, names: tuple[str, ...]) -> "GpuEnergy | None":
        """None if there are no GPUs, or one of them does not count its energy."""
        gpus = Gpus.opened(names)
        return None if gpus is None or None in gpus.joules() else cls(gpus)

    def begin(self) -> None:
        """Count from now on."""
        self._before = self._gpus.joules()

    def joules(self) -> float:
        """What they took since then; nothing where one has just stopped to say."""
        spans = zip(self._before, self._gpus.joules(), self._gpus.crowds(), strict=True)
        return sum(
            max(0.0, now - before) / crowd
            for before, now, crowd in spans
            if before is not None and now is not None
        )


class CpuEnergy:
    """The part of a process and of its children in the energy of the machine's processors.

    Args:
        zones: What counts it.
        root: The process; None: this one.
    """

    def __init__(self, zones: list["_Zone"], root: int | None) -> None:
        self._zones = zones
        self._root = root
        self.begin()

    @classmethod
    def opened(cls, root: int | None = None) -> "CpuEnergy | None":
        """None if nothing that counts it can be read."""
        try:
            zones = [_Zone(path) for path in sorted(POWERCAP.glob("intel-rapl:*")) if _counts(path)]
            _busy_s()
        except (OSError, ValueError):
            return None
        return cls(zones, root) if zones else None

    def begin(self) -> None:
        """Count from now on."""
        for zone in self._zones:
            zone.begin()
        self._own_s, self._busy_s = tree_cpu_s(self._root), _busy_s()

    def joules(self) -> float:
        """What they took since then."""
        own = max(0.0, tree_cpu_s(self._root) - self._own_s)
        busy = max(own, _busy_s() - self._busy_s)  # both are counted in hundredths of a second
        return sum(zone.joules() for zone in self._zones) * (own / busy if busy else 0.0)


class _Zone:
    """A counter of energy: of a processor, or of memory beside it."""

    def __init__(self, path: Path) -> None:
        self._counter = path / "energy_uj"
        self._range = _number(path / "max_energy_range_uj") + 1
        self._before = _number(self._counter)

    def begin(self) -> None:
        self._before = _number(self._counter)

    def joules(self) -> float:
        return (_number(self._counter) - self._before) % self._range / 1e6  # it begins again at 0


def _counts(zone: Path) -> bool:
    """Whether a zone is a whole processor, or memory, which no processor counts; others are parts of these."""
    name = (zone / "name").read_text().strip()
    return name.startswith("package") or name == "dram"


def _number(path: Path) -> int:
    return int(path.read_text())


def _busy_s() -> float:
    """Processor time of all processes of the machine: user, nice, system, and interrupts."""
    first = STAT.read_text().partition("\n")[0].split()
    user, nice, system, _idle, _wait, irq, soft = map(int, first[1:8])
    return (user + nice + system + irq + soft) / _TICKS


_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
