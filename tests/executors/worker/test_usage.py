"""What trainings use, measured in real workers and in this process."""

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from executors import trainings
from executors.contract import LIMIT_S, ExecutorContract, job
from rung.core.event import Ended, Sampled
from rung.executors.base import Command, Left, Message, Start
from rung.executors.local import Local
from rung.executors.worker import usage
from rung.executors.worker.meter import Meter, Reading
from rung.executors.worker.nvml import GpuReading
from rung.executors.worker.usage import Metered
from rung.executors.worker.wire import Used


class TestWorker:
    """Real worker processes."""

    opened = ExecutorContract.opened
    executor = Local(workers=1)

    def test_processors_and_memory_of_a_training_and_its_children_are_measured(self, opened) -> None:
        hand = opened(trainings.burning)
        hand.end(job(0, target=1))
        (found,) = hand.all(Sampled)
        assert hand.outcomes.index(found) == hand.outcomes.index(hand.all(Ended)[0]) - 1
        assert (found.job, found.trial, found.gpu_seconds) == (0, 0, None)
        assert found.seconds >= 1.2
        assert (
            0.3 < found.cpu_seconds < 2.2 * found.seconds
        )  # two that want a processor, on a machine that may be busy
        assert 80_000_000 < found.memory_bytes < 400_000_000

    def test_a_trial_does_not_inherit_the_memory_of_an_earlier_one(self, opened) -> None:
        hand = opened(trainings.holding)
        hand.answer = lambda outcome: hand.release if isinstance(outcome, Ended) else None
        hand.end(job(0, target=1))
        hand.end(job(1, target=1))
        first, second = hand.all(Sampled)
        assert (first.trial, second.trial) == (0, 1)
        assert first.memory_bytes - second.memory_bytes > 60_000_000

    def test_a_gpu_is_measured_where_there_is_one(self, opened) -> None:
        hand = opened(trainings.on_a_gpu, executor=Local(workers=1, gpus=("0",)))
        hand.end(job(0, target=1))
        (found,) = hand.all(Sampled)
        assert found.gpu_seconds == pytest.approx(0.11 * found.seconds)
        assert found.gpu_memory_bytes == 3_000_000_000

    def test_a_short_job_says_nothing(self, opened) -> None:
        hand = opened(trainings.plain)
        hand.end(job(0))
        assert not hand.all(Sampled)

    def test_a_training_that_hangs_is_ended_though_its_worker_is_measured(self, opened) -> None:
        hand = opened(trainings.hanging_but_measured, executor=Local(workers=1, trial_timeout_s=0.4))
        hand.start(job(0, target=9))
        hand.until(lambda: hand.all(Left))
        assert hand.all(Left)[0].failure.type == "timeout"
        assert len(hand.all(Sampled)) > 1


@dataclass
class Line:
    """A channel that keeps what is said, and gives commands."""

    said: list[Message]
    commands: list[Command]

    def send(self, message: Message) -> None:
        self.said.append(message)

    def receive(self, wait: bool) -> Command | None:
        return self.commands.pop(0) if self.commands else None

    def samples(self) -> list[Sampled]:
        return [message for message in self.said if isinstance(message, Sampled)]


class Machine:
    """Its clock and counters are set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.own_s = 5.0
        self.reading = Reading(0.0, 100, None)

    def train(self, seconds: float, cpu_s: float = 0.0, **reading: object) -> None:
        self.now += seconds
        self.own_s += cpu_s
        self.reading = self.reading._replace(**reading)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    clock = SimpleNamespace(monotonic=lambda: machine.now, thread_time=lambda: 0.0)
    monkeypatch.setattr(usage, "time", clock)
    monkeypatch.setattr(usage, "own_cpu_s", lambda: machine.own_s)
    monkeypatch.setattr(Meter, "read", lambda meter: machine.reading)
    return machine


def metered(line: Line) -> Metered:
    """One that looks only when a job ends."""
    found = Metered(line)
    found.pulse.end()
    return found


def ended(number: int, trial: int) -> Ended:
    return Ended(number, trial, "reached", None, True)


def test_jobs_of_less_than_a_second_are_put_together(machine: Machine) -> None:
    line = Line([], [Start(job(1, trial=0)), Start(job(2, trial=0))])
    channel = metered(line)
    channel.begin(job(0))
    for number in range(3):
        machine.train(0.5, cpu_s=0.25)
        channel.send(ended(number, 0))
        machine.train(9.0, cpu_s=7.0)  # only held
        channel.receive(wait=True)
    assert line.said == [
        ended(0, 0),
        Sampled(1, 0, 1.0, 0.5, 100),
        ended(1, 0),
        ended(2, 0),
    ]


def test_what_another_trial_has_used_does_not_count(machine: Machine) -> None:
    line = Line([], [])
    channel = metered(line)
    for number in range(2):
        channel.begin(job(number))
        machine.train(0.75)
        channel.send(ended(number, number))
    assert not line.samples()


def test_the_processors_of_child_processes_count_once(machine: Machine) -> None:
    line = Line([], [Start(job(1, trial=0)), Start(job(2, trial=0))])
    channel = metered(line)
    channel.begin(job(0))
    machine.train(2.0, cpu_s=1.0, children_cpu_s=1.5)
    channel.send(ended(0, 0))
    channel.receive(wait=True)
    machine.train(2.0, cpu_s=2.0, children_cpu_s=0.0)  # it has ended: its 1.5 and 0.5 more are ours now
    channel.send(ended(1, 0))
    channel.receive(wait=True)
    machine.train(2.0, children_cpu_s=0.5)
    channel.send(ended(2, 0))
    assert [found.cpu_seconds for found in line.samples()] == [2.5, 0.5, 0.5]


def test_gpus_are_weighted_by_time_and_peaks_are_kept(machine: Machine) -> None:
    line = Line([], [])
    channel = metered(line)
    channel.begin(job(0))
    machine.train(3.0, memory_bytes=500, gpu=GpuReading(0.5, 70))
    channel._beat()
    machine.train(1.0, memory_bytes=400, gpu=GpuReading(0.25, 90))
    channel.send(ended(0, 0))
    assert line.samples() == [Sampled(0, 0, 4.0, 0.0, 500, 1.75, 90)]


def test_time_is_averaged_over_machines_and_of_memory_the_most_on_one_counts(machine: Machine) -> None:
    line = Line([], [Start(job(1, trial=0))])
    channel = metered(line)
    channel.elsewhere(1, Used(1.0, 9.0, 9000, 0.9, 900))  # before there is a job
    channel.begin(job(0))
    machine.train(4.0, cpu_s=2.0, memory_bytes=500, gpu=GpuReading(0.5, 70))
    for _ in range(2):
        channel.elsewhere(1, Used(1.0, 1.5, 600, 1.0, 60))  # it looks at other moments
    channel.elsewhere(2, Used(4.0, 1.0, 400, None, None))
    channel.send(ended(0, 0))
    channel.receive(wait=True)
    machine.train(2.0, cpu_s=1.0)
    channel.send(ended(1, 0))
    assert line.samples() == [
        Sampled(0, 0, 4.0, (2.0 + 6.0 + 1.0) / 3, 600, (2.0 + 4.0) / 2, 70),
        Sampled(1, 0, 2.0, 1.0, 500, 1.0, 70),
    ]


def test_a_machine_that_cannot_be_measured_can_train(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreadable(meter: Meter) -> None:
        raise OSError("no /proc")

    monkeypatch.setattr(Meter, "read", unreadable)
    line = Line([], [])
    channel = metered(line)
    with caplog.at_level(logging.WARNING, "rung"):
        for number in range(2):
            channel.begin(job(number))
            machine.train(2.0)
            channel.send(ended(number, number))
    assert line.said == [ended(0, 0), ended(1, 1)]
    assert "cannot be measured" in caplog.text


def test_a_long_job_is_looked_at_and_spoken_of_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "LOOK_S", 0.01)
    monkeypatch.setattr(usage, "SAY_S", 0.0)
    monkeypatch.setattr(usage, "COST", 1.0)  # here all processes of the tests are looked at, which takes long
    line = Line([], [])
    channel = Metered(line)
    channel.begin(job(0, target=9))
    until(lambda: len(line.samples()) > 1)
    channel.pulse.end()
    assert all(found.memory_bytes > 0 and found.seconds > 0 for found in line.samples())


FORKING = """
import os, threading
from rung.executors.worker import usage

def threads():
    return sum(thread.name == "rung-usage" and thread.is_alive() for thread in threading.enumerate())

usage.LOOK_S = 0.001
beats = []
pulse = usage.Pulse(lambda: beats.append(os.getpid()) or 0.001)
pulse.start()
child = os.fork()
if child == 0:
    if os.fork() == 0:  # the child is a parent now
        os._exit(0)
    os.wait()
    os._exit(threads())
in_child = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
n = len(beats)
while len(beats) < n + 3:
    pass
print(in_child, threads(), set(beats) == {os.getpid()})
"""


def test_the_thread_halts_for_a_fork_and_is_not_in_the_child() -> None:
    words = [sys.executable, "-W", "error", "-c", FORKING]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("0 1 True\n", "")


def until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)
