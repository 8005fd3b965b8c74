"""Worker processes: the contract, and what only processes can do: die, hang, print, be told to go."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest

from executors import trainings
from executors.contract import LIMIT_S, ExecutorContract, job
from infra.processes import outliving, workers_of
from rung.core.errors import ExecutorError, SpecError
from rung.core.event import Ended, Failure, Reported, Saved
from rung.executors import limits
from rung.executors.base import Joined, Left, Release, Released
from rung.executors.local import Local
from rung.executors.processes.process import Process


class TestLocal(ExecutorContract):
    executor = Local(workers=1)
    pair = Local(workers=2)

    def test_a_killed_worker_is_known_at_once_and_replaced(self, opened):
        hand = opened(trainings.hanging, executor=self.pair)
        first, _ = hand.joined(2)
        hand.start(job(0, target=9))
        hand.until(lambda: hand.all(Reported))
        pid = int(hand.all(Reported)[0].metrics["pid"])
        os.kill(pid, signal.SIGKILL)
        hand.until(lambda: hand.all(Left))
        assert hand.all(Left) == [
            Left(first, Failure("machine", "killed", f"worker {first} (pid {pid}) was killed by signal 9"))
        ]
        hand.until(lambda: len(hand.all(Joined)) == 3)
        assert sorted(joined.slot.worker for joined in hand.all(Joined)) == [0, 1, 2]
        assert hand.end(job(1, target=1), worker=2).outcome == "reached"

    def test_a_training_that_ends_its_process_loses_its_job_and_no_other(self, opened):
        hand = opened(trainings.vanishing)
        hand.start(job(0))
        hand.until(lambda: hand.all(Left))
        why = hand.all(Left)[0].failure
        assert (why.fault, why.type) == ("machine", "exited")
        assert why.message.endswith("exited with code 7")

    def test_a_worker_killed_for_memory_is_the_fault_of_the_configuration(self, opened, monkeypatch):
        counts = iter([4, 5])
        monkeypatch.setattr(limits, "memory_kills", lambda: next(counts))
        hand = opened(trainings.hanging)
        hand.start(job(0, target=9))
        hand.until(lambda: hand.all(Reported))
        os.kill(int(hand.all(Reported)[0].metrics["pid"]), signal.SIGKILL)
        hand.until(lambda: hand.all(Left))
        why = hand.all(Left)[0].failure
        assert (why.fault, why.type) == ("configuration", "out of memory")

    def test_a_held_trial_may_be_silent(self, opened):
        hand = opened(trainings.plain, executor=Local(workers=1, trial_timeout_s=0.1))
        hand.end(job(0))
        hand.pool.wait(hand.pool.clock() + 0.3, hand.outcomes.append)
        assert not hand.all(Left)

    def test_sigterm_saves_a_running_trial_and_ends_its_process_in_order(self, opened):
        hand = opened(trainings.terminated)
        assert (ended := hand.end(job(0, target=9))).outcome == "yielded"
        assert not ended.held
        assert [saved.resource for saved in hand.all(Saved)] == [2]
        hand.until(lambda: hand.all(Left))
        assert hand.all(Left)[0].failure.message.endswith("exited with code 0")

    def test_sigterm_saves_a_held_trial(self, opened):
        hand = opened(trainings.counting)
        hand.end(job(0, target=2))
        os.kill(int(hand.all(Reported)[0].metrics["pid"]), signal.SIGTERM)
        hand.until(lambda: hand.all(Left))
        assert [type(outcome) for outcome in hand.outcomes[-4:]] == [Ended, Saved, Released, Left]

    def test_what_a_trial_prints_stands_in_its_own_file(self, opened, tmp_path):
        hand = opened(trainings.printing)
        hand.answer = lambda outcome: hand.release if isinstance(outcome, Ended) else None
        for number, x in enumerate([1, 0, 1]):
            hand.end(job(number, target=1, config={"x": x}))
        hand.pool.close(LIMIT_S)
        output = tmp_path / "output"
        assert sorted(file.name for file in output.iterdir()) == ["0.txt", "2.txt"]
        lines = (output / "2.txt").read_text().splitlines()
        assert sorted(lines) == ["complained by 2", "printed by 2", "written past Python"]

    def test_there_are_as_many_workers_as_asked_for(self, opened):
        hand = opened(trainings.plain, executor=Local(workers=3))
        assert sorted(hand.joined(3)) == [0, 1, 2]
        assert len(workers_of()) == 3

    def test_libraries_get_an_equal_share_of_the_processors(self, opened, monkeypatch):
        for name in limits.THREAD_VARIABLES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(limits, "cores", lambda: 8)
        hand = opened(trainings.asking_threads, executor=self.pair)
        hand.end(job(0, target=1))
        assert hand.all(Reported)[0].metrics == {"loss": 1.0, "threads": 4.0, "mkl": 4.0}
        assert hand.all(Joined)[0].slot.cpus == 4

    def test_each_worker_sees_its_own_gpu(self, opened):
        hand = opened(trainings.asking_gpus, executor=Local(workers=3, gpus=("4", "6")))
        workers = hand.joined(3)
        slots = {joined.slot.worker: joined.slot for joined in hand.all(Joined)}
        assert [slots[worker].gpus for worker in range(3)] == [("4",), ("6",), ("4",)]
        for number in workers:
            hand.end(job(number, target=1), worker=number)
        assert [report.metrics["gpu"] for report in sorted(hand.all(Reported), key=lambda r: r.job)] == [
            4,
            6,
            4,
        ]

    def test_a_wake_ends_a_wait(self, opened):
        hand = opened(trainings.plain)
        hand.joined(1)
        waker = threading.Thread(target=hand.pool.wake)
        waker.start()
        hand.pool.wait(None, hand.outcomes.append)
        waker.join()

    def test_outcomes_survive_an_error_of_their_receiver(self, opened):
        hand = opened(trainings.plain)

        def refuse(outcome):
            if isinstance(outcome, Reported) and outcome.resource == 2:
                raise OSError("the disk is full")

        hand.answer = refuse
        with pytest.raises(OSError, match="the disk is full"):
            hand.end(job(0, target=3))
        hand.until(lambda: hand.all(Ended))
        assert hand.resources(0) == [1, 2, 3]

    def test_a_function_that_workers_cannot_load_is_an_error_and_no_endless_restart(self, opened):
        hand = opened(_Unloadable())
        with pytest.raises(ExecutorError, match=r"cannot load .*: ModuleNotFoundError: .*no_such_module"):
            hand.joined(1)

    def test_workers_that_die_before_their_first_job_are_not_started_for_ever(self, opened):
        hand = opened(_Deadly())
        with pytest.raises(ExecutorError, match=r"(?s)3 workers in a row .* code 9. It said:\nit was me"):
            hand.joined(1)

    def test_children_of_a_killed_worker_end_with_it(self, opened):
        def train(trial):
            child = subprocess.Popen(["sleep", "1000"])
            trial.report(loss=1.0, child=child.pid, pid=os.getpid())
            threading.Event().wait()

        hand = opened(train)
        hand.start(job(0, target=9))
        hand.until(lambda: hand.all(Reported))
        metrics = hand.all(Reported)[0].metrics
        child = psutil.Process(int(metrics["child"]))
        os.kill(int(metrics["pid"]), signal.SIGKILL)
        hand.until(lambda: hand.all(Left))
        assert not outliving([child], LIMIT_S)

    def test_a_worker_in_training_is_ended_by_force_when_the_grace_is_over(self, opened):
        hand = opened(trainings.hanging)
        hand.start(job(0, target=9))
        hand.until(lambda: hand.all(Reported))
        hand.pool.close(0.0)
        assert not psutil.pid_exists(int(hand.all(Reported)[0].metrics["pid"]))

    def test_a_worker_in_the_middle_of_a_report_that_nobody_hears_ends_by_itself(
        self, opened, tmp_path, monkeypatch
    ):
        def train(trial):
            (tmp_path / "says").touch()
            trial.report(loss=1.0, **{f"metric {number}": 0.0 for number in range(300_000)})

        statuses = []
        bury = Process.bury
        monkeypatch.setattr(Process, "bury", lambda process: statuses.append(bury(process)[0]))
        hand = opened(train)
        hand.start(job(0, target=9))
        hand.pool.wait(hand.pool.clock(), hand.outcomes.append)  # the job goes out
        while not (tmp_path / "says").exists():
            os.sched_yield()
        hand.pool.close(LIMIT_S)
        assert statuses == [1]  # and not by force

    def test_a_large_configuration_does_not_block_the_driver(self, opened):
        hand = opened(lambda trial: trial.report(loss=len(trial.config["x"])))
        hand.end(job(0, target=1, config={"x": "x" * 5_000_000}))
        assert hand.all(Reported)[0].metrics["loss"] == 5_000_000

    def test_a_forked_child_of_the_training_obeys_sigterm(self, opened):
        def train(trial):
            child = os.fork()
            if child == 0:
                threading.Event().wait()
            os.kill(child, signal.SIGTERM)
            trial.report(loss=1.0, status=os.waitpid(child, 0)[1])

        hand = opened(train)
        hand.end(job(0, target=1))
        assert hand.all(Reported)[0].metrics["status"] == signal.SIGTERM

    def test_the_release_of_a_trial_saves_only_on_request(self, opened):
        hand = opened(trainings.counting)
        hand.answer = lambda outcome: Release(save=False) if isinstance(outcome, Ended) else None
        hand.end(job(0))
        hand.until(lambda: hand.all(Released))
        assert not hand.all(Saved)


class _Unloadable:
    """Pickles well and cannot be loaded."""

    def __call__(self, trial):
        raise AssertionError

    def __reduce__(self):
        return __import__, ("no_such_module",)


class _Deadly(_Unloadable):
    """Ends the process that loads it."""

    def __reduce__(self):
        return exec, ("import os; os.write(2, b'it was me'); os._exit(9)",)


SCRIPT = textwrap.dedent(
    """
    import sys
    import threading
    from rung.core.job import Job
    from rung.core.objective import Objective
    from rung.core.resource import Steps
    from rung.executors.base import Joined, Start
    from rung.executors.local import Local
    from rung.trial import TrialCall

    class Model:
        loss = 0.5

    def train(trial):
        trial.report(loss=Model.loss)
        print("trained", flush=True)
        threading.Event().wait()

    if __name__ == "__main__":
        pool = Local(workers=2).start(TrialCall(train, (Objective("loss"),), Steps(), folder=sys.argv[1]))
        seen = []

        def deliver(outcome):
            seen.append(outcome)
            if isinstance(outcome, Joined):
                number = outcome.slot.worker
                pool.send(number, Start(Job(number, number, {}, 0, 9, 1)))
            else:
                print(type(outcome).__name__, outcome.metrics["loss"], flush=True)

        while True:
            pool.wait(None, deliver)
    """
)


def test_no_worker_outlives_a_driver_that_is_killed(tmp_path: Path) -> None:
    """In the middle of a step, and with functions and classes of the script itself."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as driver:
        assert [driver.stdout.readline() for _ in range(2)] == ["Reported 0.5\n"] * 2
        workers = psutil.Process(driver.pid).children()
        assert len(workers) == 2
        driver.kill()
        assert not outliving(workers, LIMIT_S)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"workers": 0}, "workers must be a whole number of at least 1, got 0."),
        ({"threads": 0}, "threads must be a whole number of at least 1, got 0."),
        ({"trial_timeout_s": 0}, "trial_timeout_s is a positive number of seconds, got 0."),
        ({"memory_gb": -1}, "memory_gb is a positive number of gigabytes for each worker, got -1."),
        (
            {"gpus_per_worker": 0.5, "gpus": ()},
            "gpus_per_worker=0.5 needs more GPUs than there are here: none.",
        ),
        ({"retry_room": 1}, "retry_room=1 is the room that a trial had already. Say 2 or more"),
        ({"retry_room": 1.5}, "retry_room must be a whole number of at least 1, got 1.5."),
        ({"retry_room": 3, "gpus": ()}, "retry_room=3 is the room of 3 workers, but this pool holds 2."),
        (
            {"retry_room": 3, "gpus": ("0", "1"), "gpus_per_worker": 0.5},
            "retry_room=3 is the room of 3 workers, but a GPU holds 2.",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict, sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        Local(**options)
