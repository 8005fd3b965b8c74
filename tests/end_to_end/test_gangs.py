"""A network that two processes train with torch's DistributedDataParallel: paused, resumed, one of them lost."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

import rung
from end_to_end.gang_training import train
from infra.ray import RayNode
from rung.core.event import Ended

pytestmark = [
    pytest.mark.skipif(find_spec("torch") is None, reason="needs torch"),
    pytest.mark.timeout(400),
    pytest.mark.slow,
]


@dataclass
class Place:
    """Where two ranks stand.

    Attributes:
        executor: Of the study.
        lose: Has rank 1 lost, with its machine if it has one of its own; called with its process id.
    """

    executor: object
    lose: Callable[[int], None]


@pytest.fixture
def here() -> Place:
    """On one machine."""
    return Place(rung.Local(workers=1, processes_per_trial=2), lambda pid: os.kill(pid, signal.SIGKILL))


@pytest.fixture
def on_ray(ray_cluster) -> Iterator[Place]:
    """On two nodes, of which another one comes when one is lost."""
    before = signal.getsignal(signal.SIGTERM)
    nodes = [RayNode(ray_cluster.address)]

    def lose(pid: int) -> None:
        nodes[0].kill()
        nodes.append(RayNode(ray_cluster.address))

    executor = rung.Ray(workers=1, address=ray_cluster.address, processes_per_trial=2, nodes_per_trial=2)
    yield Place(executor, lose)
    signal.signal(signal.SIGTERM, before)  # Ray's own would end the tests in silence
    for node in nodes:
        node.kill()


@pytest.fixture
def on_slurm(slurm, monkeypatch) -> Place:
    """On two nodes, of which one dies and comes back."""
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)

    def lose(pid: int) -> None:
        (node,) = [node for node in slurm.nodes if f"SLURMD_NODENAME={node}" in _environment(pid)]
        slurm.kill_node(node)
        slurm.give_up_node(node)
        slurm.start_node(node)
        for number in [each.number for each in slurm.jobs().values() if each.state == "PENDING"]:
            slurm.hasten(number)

    job = {"memory": "2GB", "interface": "lo", "time": "0:30:00"}
    return Place(rung.Slurm(workers=1, processes_per_trial=2, nodes_per_trial=2, **job), lose)


def _environment(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/environ").read_text().split("\0")


def notes(store: Path, trial: int, rank: int) -> list[dict]:
    (file,) = store.parent.rglob(f"scratch/{trial}/{rank}.json")
    return [json.loads(line) for line in file.read_text().splitlines()]


def _is_lost(event: object) -> bool:
    return isinstance(event, Ended) and event.outcome == "lost"


@pytest.mark.parametrize(
    "place",
    [
        "here",
        pytest.param("on_ray", marks=pytest.mark.integration),
        pytest.param("on_slurm", marks=pytest.mark.integration),
    ],
)
def test_both_ranks_take_the_same_steps_and_end_with_equal_weights(
    place: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    found: Place = request.getfixturevalue(place)
    store, over = tmp_path / "rung.db", threading.Event()

    def lose() -> None:
        while not over.wait(0.1):
            for mark in tmp_path.rglob("scratch/1/silent"):
                found.lose(int(mark.read_text()))
                return

    loser = threading.Thread(target=lose)
    loser.start()
    space = {"lr": rung.Float(3e-2, 3e-1, log=True)}
    study = rung.Study(
        "ddp",
        space,
        maximize="accuracy",
        scheduler=rung.ASHA(min_resource=3, max_resource=9),
        store=store,
        checkpoints=rung.Checkpoints(every_s=0.0),
    )
    try:
        study.run(train, executor=found.executor, budget=rung.Budget(trials=4))
    finally:
        over.set()
        loser.join()
    assert not [trial for trial in study.trials if trial.failure]
    for trial in study.trials:
        left, right = notes(store, trial.number, 0), notes(store, trial.number, 1)
        assert left == right
        assert [note["n_steps"] for note in left] == [4 * note["epoch"] for note in left]
        assert [note["epoch"] for note in left] == list(
            range(1, trial.resource + 1)
        )  # and none of them twice
    assert [entry.event.trial for entry in study.events() if _is_lost(entry.event)] == [1]
    study.close()


@pytest.mark.integration
def test_the_program_of_the_guide_trains(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "gangs.md"
    program = re.search(r"^```python\n(# ddp\.py\n.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    assert program is not None
    (tmp_path / "ddp.py").write_text(program[1])
    how = ["--executor", "local,workers=1,processes_per_trial=2", "--trials", "2"]
    command = [sys.executable, "-m", "rung", "run", "ddp.py", *how]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with rung.Study.load("ddp", tmp_path / "rung.db") as study:
        assert [trial.status for trial in study.trials if trial.status == "failed"] == []
        assert study.best.value > 0.1
