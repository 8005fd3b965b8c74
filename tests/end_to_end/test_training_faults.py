"""Trainings that do everything they should not, in real workers: the study goes on, and says what was wrong."""

import math
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

import rung
import rung.trial
from infra.processes import workers_of
from rung.core import event as ev
from rung.core.invariants import validate
from rung.executors import limits

SPACE = {"x": rung.Float(0, 1)}

Train = Callable[[rung.Trial], object]


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of these tests save at each report; in this process that ends with the test."""
    monkeypatch.setattr(rung.trial, "_SAVING_SHARE", rung.trial._SAVING_SHARE)


def studied(train: Train, trials: int, executor: object = None, **options: object) -> rung.Study:
    """A study that has run to the end of its budget of trials, each of two steps."""
    scheduler = options.pop("scheduler", rung.FIFO(2))
    study = rung.Study("faulty", SPACE, minimize="loss", scheduler=scheduler, **{"store": None, **options})
    study.run(train, executor=executor or rung.Local(workers=1), budget=rung.Budget(trials=trials))
    validate(study.state)
    return study


def ends(study: rung.Study, outcome: str) -> list[ev.Failure]:
    events = [entry.event for entry in study.events()]
    return [event.failure for event in events if isinstance(event, ev.Ended) and event.outcome == outcome]


def no_child_is_left() -> bool:
    return not workers_of()


def test_whatever_a_training_raises_fails_its_trial_and_no_other() -> None:
    class OwnError(BaseException):
        pass

    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    class OutOfMemoryError(RuntimeError):  # as PyTorch calls it
        pass

    def forever() -> None:
        forever()

    errors: dict[int, tuple[str, Callable[[], BaseException]]] = {
        1: ("SystemExit", lambda: SystemExit("bye")),
        2: ("KeyboardInterrupt", KeyboardInterrupt),
        3: ("GeneratorExit", GeneratorExit),
        4: ("OwnError", lambda: OwnError("mine")),
        5: ("UnspeakableError", UnspeakableError),
        6: ("ValueError", lambda: ValueError("half a character: \udc80")),
        7: ("RecursionError", forever),
        8: ("ValueError", lambda: ValueError("x" * 50_000_000)),
        9: ("OverflowError", lambda: float(10**400)),
    }

    def train(trial: rung.Trial) -> None:
        for step in trial.steps():
            if step == 2 and trial.number in errors:
                raise errors[trial.number][1]()
            trial.report(loss=trial.config["x"])

    study = studied(train, 11)
    found = {trial.number: trial.failure for trial in study.trials if trial.failure is not None}
    assert {number: why.type for number, why in found.items()} == {
        number: name for number, (name, _) in errors.items()
    }
    assert {why.fault for why in found.values()} == {"configuration"}
    assert found[6].message == "half a character: ?"
    assert len(found[8].message) == 1000
    assert [trial.resource for trial in study.trials] == [2] + [1] * 9 + [2]


def test_a_training_that_ends_its_process_is_tried_again_and_then_given_up() -> None:
    def train(trial: rung.Trial) -> None:
        if trial.number == 1:
            os._exit(7)
        for _ in trial.steps():
            trial.report(loss=trial.config["x"])

    study = studied(train, 3, retries=1)
    assert [why.message.partition(") ")[2] for why in ends(study, "lost")] == ["exited with code 7"] * 2
    assert [trial.status for trial in study.trials] == ["complete", "failed", "complete"]


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (lambda trial: trial.report(loss=object()), "a report must hold numbers, got loss=<object"),
        (lambda trial: trial.report(loss="x" * 10_000_000), "got loss='xxxx"),
        (lambda trial: trial.report(loss=[1, 2]), r"got loss=\[1, 2\] of type list"),
        (lambda trial: trial.report(loss=1j), "of type complex"),
        (lambda trial: trial.report(loss=None), "got loss=None"),
        (lambda trial: trial.report({1: 2.0}), r"a dict of names and numbers, got \{1: 2.0\}"),
        (lambda trial: trial.report({"a\udc80": 1.0}), r"can be written as UTF-8, got 'a\\udc80'"),
        (lambda trial: trial.report(3), "a dict of names and numbers, got 3"),
        (lambda trial: trial.report(loss=1.0, step=10**30), "but a decision falls at step 2"),
        (lambda trial: trial.report(loss=1.0, step=-1), "steps must rise"),
        (lambda trial: trial.report(loss=1.0, step="two"), "step"),
        (lambda trial: {"loss": 0.5}, "returned"),
    ],
)
def test_a_report_or_a_return_that_makes_no_sense_stops_the_study_with_a_sentence(
    report: Train, words: str
) -> None:
    study = rung.Study("s", SPACE, minimize="loss", scheduler=rung.FIFO(2), store=None)
    with pytest.raises(rung.MisuseError, match=words) as caught:
        study.run(report, executor=rung.InProcess(), budget=rung.Budget(trials=3))
    assert len(str(caught.value)) < 500
    assert [trial.status for trial in study.trials] == ["queued"]  # it runs again once the code is mended


def test_numbers_that_are_none_end_their_trial_as_diverged() -> None:
    values = [1.0, float("nan"), float("inf"), float("-inf"), 1.0]

    def train(trial: rung.Trial) -> None:
        for _ in trial.steps():
            trial.report(loss=values[trial.number])

    study = studied(train, 5, rung.InProcess())
    assert [trial.status for trial in study.trials] == ["complete", *["failed"] * 3, "complete"]
    assert {trial.failure.type for trial in study.trials if trial.failure} == {"diverged"}


def test_a_hundred_thousand_metrics_of_one_report_are_all_kept(tmp_path: Path) -> None:
    def train(trial: rung.Trial) -> None:
        trial.report({f"weights/{n}": n / 7 for n in range(100_000)}, step=2, loss=trial.config["x"])

    with studied(train, 2, store=tmp_path / "s.db") as study:
        assert [trial.status for trial in study.trials] == ["complete"] * 2
    with rung.Study.load("faulty", tmp_path / "s.db") as study:
        reports = [entry.event for entry in study.events() if isinstance(entry.event, ev.Reported)]
        assert [len(report.metrics) for report in reports] == [100_001] * 2
        assert reports[1].metrics["weights/99999"] == 99_999 / 7


def test_megabytes_that_a_training_prints_are_kept_byte_by_byte_and_hold_up_nothing(tmp_path: Path) -> None:
    def train(trial: rung.Trial) -> None:
        for step in trial.steps():
            if step == 1:
                os.write(1, bytes(range(256)) * 10_000)
            sys.stdout.write("no end of line " * 100_000)
            trial.report(loss=trial.config["x"])

    with studied(train, 2, store=tmp_path / "s.db") as study:
        assert [trial.status for trial in study.trials] == ["complete"] * 2
        printed = (study.folder / "output" / "1.txt").read_bytes()
    assert len(printed) == 2_560_000 + 2 * 1_500_000
    assert printed.startswith(bytes(range(256)))


def test_a_forked_child_that_comes_back_from_the_training_says_nothing_and_ends() -> None:
    def train(trial: rung.Trial) -> None:
        for step in trial.steps():
            if step == 1:
                os.fork()  # from here on, there are two
            trial.report(loss=trial.config["x"])

    study = studied(train, 3)
    reports = [entry.event for entry in study.events() if isinstance(entry.event, ev.Reported)]
    assert [(report.trial, report.resource) for report in reports] == [
        (trial, step) for trial in range(3) for step in (1, 2)
    ]
    assert [trial.status for trial in study.trials] == ["complete"] * 3


IN_PROCESS = """
import os, rung

def train(trial):
    for step in trial.steps():
        if step == 1:
            os.fork()
        trial.report(loss=trial.config["x"])

study = rung.Study("s", {"x": rung.Float(0, 1)}, minimize="loss", scheduler=rung.FIFO(2), store="s.db")
study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=3))
print(len(study.trials), "trials", flush=True)
"""


def test_a_child_forked_in_the_drivers_own_process_does_not_drive_the_study(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IN_PROCESS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == ["3 trials"]  # said by one process only
    with rung.Study.load("s", tmp_path / "s.db") as study:
        validate(study.state)
        assert [trial.status for trial in study.trials] == ["complete"] * 3


def test_children_that_a_training_leaves_behind_end_with_the_run(tmp_path: Path) -> None:
    def train(trial: rung.Trial) -> None:
        child = subprocess.Popen(["sleep", "1000"])
        for _ in trial.steps():
            trial.report(loss=trial.config["x"], child=child.pid)

    study = studied(train, 2)
    reports = [entry.event for entry in study.events() if isinstance(entry.event, ev.Reported)]
    children = {int(report.metrics["child"]) for report in reports}
    assert len(children) == 2
    assert not psutil.wait_procs([psutil.Process(n) for n in children if psutil.pid_exists(n)], timeout=10)[1]


def test_a_training_that_hangs_is_ended_and_the_study_goes_on() -> None:
    def train(trial: rung.Trial) -> None:
        for _ in trial.steps():
            if trial.number == 1:
                threading.Event().wait()
            trial.report(loss=trial.config["x"])

    study = studied(train, 3, rung.Local(workers=1, trial_timeout_s=0.5))
    failure = study.trials[1].failure
    assert failure is not None
    assert (failure.fault, failure.type) == ("configuration", "timeout")
    assert failure.message.endswith("said nothing for 0.5 seconds and was killed")
    assert [trial.status for trial in study.trials] == ["complete", "failed", "complete"]


# Memory


def test_memory_that_earlier_trials_have_leaked_is_not_held_against_a_configuration() -> None:
    leaked: list[bytearray] = []

    def train(trial: rung.Trial) -> None:
        size = psutil.Process().memory_info().vms
        if not leaked:
            resource.setrlimit(resource.RLIMIT_AS, (size + 250_000_000, resource.RLIM_INFINITY))
        leaked.append(bytearray(100_000_000))
        for _ in trial.steps():
            trial.report(loss=trial.config["x"], pid=os.getpid())

    study = studied(train, 6)
    assert [trial.status for trial in study.trials] == ["complete"] * 6
    lost = ends(study, "lost")
    assert {why.type for why in lost} == {"out of memory"}
    assert lost[0].message.endswith("(after 2 trials in the same process, so it is tried again)")
    reports = [entry.event for entry in study.events() if isinstance(entry.event, ev.Reported)]
    assert len({report.metrics["pid"] for report in reports}) == 3  # each process has trained two


def test_want_of_memory_is_known_by_the_words_of_libraries_and_its_process_is_replaced() -> None:
    words = [
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "CUDA error: out of memory",
        "RESOURCE_EXHAUSTED: Failed to allocate request for 2.0GiB",
        "std::bad_alloc",
        "CUDNN_STATUS_ALLOC_FAILED",
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000 bytes",
    ]

    def train(trial: rung.Trial) -> None:
        for _ in trial.steps():
            if 1 <= trial.number <= len(words):
                raise RuntimeError(words[trial.number - 1])
            trial.report(loss=trial.config["x"])

    study = studied(train, len(words) + 2)
    failures = [trial.failure for trial in study.trials[1:-1]]
    assert [(why.fault, why.type) for why in failures if why] == [("configuration", "out of memory")] * len(
        words
    )
    assert study.trials[-1].status == "complete"
    workers = [entry.event.worker for entry in study.events() if isinstance(entry.event, ev.Started)]
    assert workers == [0, 0, *range(1, len(words) + 2)]  # after the first two, a new process for each


@pytest.fixture
def cgroup() -> Path:
    """A group of processes that may use 200 MB together."""
    for root, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = Path(root) / f"rung-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        if (group / limit).exists():
            (group / limit).write_text("200000000")
            swap = group / "memory.swap.max"
            if swap.exists():
                swap.write_text("0")
            yield group
            group.rmdir()
            return
        group.rmdir()
    pytest.skip("no group with a limit of memory can be made here")


def test_a_worker_that_the_kernel_kills_for_memory_fails_its_configuration_only(cgroup: Path) -> None:
    def train(trial: rung.Trial) -> None:
        (cgroup / "cgroup.procs").write_text(str(os.getpid()))
        for _ in trial.steps():
            if trial.number == 0:
                bytearray(os.urandom(1_000_000) * 400)
            trial.report(loss=trial.config["x"])

    before = limits.memory_kills()
    study = studied(train, 2)
    assert limits.memory_kills() > before
    failure = study.trials[0].failure
    assert failure is not None
    assert (failure.fault, failure.type) == ("configuration", "out of memory")
    assert failure.message.endswith("was killed by the kernel, as the machine had no memory left")
    assert study.trials[1].status == "complete"


# Killed workers


def killing(moment: str, flag: Path) -> Train:
    """A training whose worker, once in the study, is killed at a moment: `training`, `saving`, `idle`."""

    def idle() -> list[psutil.Process]:
        while len(busy := {int(path.suffix[1:]) for path in flag.parent.glob("busy.*")}) < 2:
            os.sched_yield()  # the other trial is on its way: its worker is not the idle one
        return [worker for worker in workers_of(os.getppid()) if worker.pid not in busy]

    def strike(at: str) -> None:
        if at == moment and not flag.exists():
            flag.touch()
            if at == "idle":
                for worker in idle():
                    worker.send_signal(signal.SIGKILL)
            else:
                os.kill(os.getpid(), signal.SIGKILL)

    def train(trial: rung.Trial) -> None:
        rung.trial._SAVING_SHARE = math.inf  # save at each report, whatever that costs
        (flag.parent / f"busy.{os.getpid()}").touch()
        total = float((trial.checkpoint / "total").read_text()) if trial.checkpoint else 0.0

        def save(folder: Path) -> None:
            (folder / "total").write_text(repr(total)[:1])
            if trial.number == 1 and trial.resource == 2:
                strike("saving")
            (folder / "total").write_text(repr(total))

        for step in trial.steps():
            if trial.number == 1 and step == 3:
                strike("training")
            if trial.number == 0 and step == 5:
                strike("idle")
            total += trial.config["x"]
            trial.report(loss=total / step, save=save)

    return train


@pytest.mark.parametrize("moment", ["training", "saving", "idle"])
def test_a_killed_worker_is_replaced_and_its_trial_goes_on_from_its_last_checkpoint(
    moment: str, tmp_path: Path
) -> None:
    study = studied(
        killing(moment, tmp_path / "struck"),
        2,
        rung.Local(workers=3),  # one has nothing to do
        scheduler=rung.FIFO(6),
        store=tmp_path / "s.db",
        checkpoints=rung.Checkpoints(every_s=0.0),
    )
    with study:
        assert (tmp_path / "struck").exists()
        assert [trial.status for trial in study.trials] == ["complete"] * 2
        for trial in study.trials:  # every step before was trained or restored, none twice
            assert trial.value == pytest.approx(trial.config["x"])
        starts = [
            entry.event.start
            for entry in study.events()
            if isinstance(entry.event, ev.Started) and entry.event.trial == 1
        ]
        if moment != "idle":
            assert starts == [0, {"training": 2, "saving": 1}[moment]]
            assert "was killed by signal 9" in ends(study, "lost")[0].message
        drafts = list((study.folder / "checkpoints").glob("1/.*"))
        assert bool(drafts) == (moment == "saving")  # half a checkpoint, which nobody takes for one
        study.run(killing("never", tmp_path), executor=rung.InProcess(), budget=rung.Budget(trials=3))
        assert not any(draft.exists() for draft in drafts)
    assert no_child_is_left()


def test_trainings_that_always_end_their_process_end_the_run_and_not_the_budget() -> None:
    def train(trial: rung.Trial) -> None:
        os._exit(7)

    study = rung.Study(
        "s",
        SPACE,
        minimize="loss",
        scheduler=rung.FIFO(2),
        store=None,
        retries=0,
        searcher=rung.RandomSearch(),
    )
    with pytest.raises(
        rung.ExecutorError, match=r"10 trials in a row could not be trained.*exited with code 7"
    ):
        study.run(train, executor=rung.Local(workers=2), budget=rung.Budget(trials=100))
    assert len(study.trials) <= 12
