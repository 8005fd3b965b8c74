"""Usage: what trials have used of their machines, folded from samples. Nothing is decided by it."""

from dataclasses import dataclass

from rung.core.event import Sampled


@dataclass(slots=True, frozen=True)
class Usage:
    """What was used, child processes included.

    Attributes:
        seconds: How long was measured, while jobs ran.
        cpu_seconds: Processor time.
        cpu_room_s: Processor time that there would have been, on the processors of the workers.
        memory_bytes: The most memory held at once.
        gpu_room_s: Likewise of GPUs, measured or not.
        gpu_measured_s: For how long they were measured.
        gpu_seconds: How long they were busy then; where a worker has several, averaged over them.
        gpu_memory_bytes: The most memory of GPUs held at once; None: not measured.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    cpu_room_s: float = 0.0
    memory_bytes: int = 0
    gpu_room_s: float = 0.0
    gpu_measured_s: float = 0.0
    gpu_seconds: float = 0.0
    gpu_memory_bytes: int | None = None

    @property
    def cpus(self) -> float:
        """Processors in use, on average."""
        return self.cpu_seconds / self.seconds if self.seconds else 0.0

    @property
    def cpus_owned(self) -> float:
        """Processors of its workers, on average; 0: not known."""
        return self.cpu_room_s / self.seconds if self.seconds else 0.0

    @property
    def gpus_owned(self) -> float:
        """GPUs of its workers, on average."""
        return self.gpu_room_s / self.seconds if self.seconds else 0.0

    @property
    def gpu(self) -> float | None:
        """Share of the time in which its GPUs were busy, 0 to 1; None: not measured."""
        return self.gpu_seconds / self.gpu_measured_s if self.gpu_measured_s else None

    def after(self, sample: Sampled) -> "Usage":
        """The usage with one more sample."""
        busy, held = sample.gpu_seconds, sample.gpu_memory_bytes
        return Usage(
            self.seconds + sample.seconds,
            self.cpu_seconds + sample.cpu_seconds,
            self.cpu_room_s + sample.cpus * sample.seconds,
            max(self.memory_bytes, sample.memory_bytes),
            self.gpu_room_s + sample.gpus * sample.seconds,
            self.gpu_measured_s + (0.0 if busy is None else sample.seconds),
            self.gpu_seconds + (busy or 0.0),
            self.gpu_memory_bytes if held is None else max(held, self.gpu_memory_bytes or 0),
        )


class Usages:
    """The usage of all trials.

    Attributes:
        trials: By number, those that were measured.
        total: Of all together; its peaks are those of single trials.
    """

    def __init__(self) -> None:
        self.trials: dict[int, Usage] = {}
        self.total = Usage()

    def add(self, sample: Sampled) -> None:
        """A job has said what it used."""
        self.trials[sample.trial] = self.trials.get(sample.trial, Usage()).after(sample)
        self.total = self.total.after(sample)
