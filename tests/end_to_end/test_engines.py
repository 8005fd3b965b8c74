"""The same study on every engine, while workers, agents and the driver are killed: no trial is lost, and none twice."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

import rung
from infra.engines import NAMES, Engine, engine_named
from infra.processes import outliving
from infra.ray import RayHead
from infra.servers import free_port
from rung.core import event as ev

SCRIPT = Path(__file__).with_name("engine_study.py")
LIMIT_S = 100
GONE_S = 40  # within which workers of a driver that was killed have ended: an agent is asked for news so long


@pytest.fixture(params=NAMES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return engine_named(request.param, request)


def start(folder: Path, engine: Engine) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), engine.with_options("workers=2")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=engine.variables(),
    )


def run(folder: Path, engine: Engine) -> str:
    said, _ = start(folder, engine).communicate(timeout=LIMIT_S)
    return said


def events(folder: Path, kind: type) -> list:
    with rung.Study.load("engines", folder / "s.db") as study:
        return [entry.event for entry in study.events() if isinstance(entry.event, kind)]


def check_whole(folder: Path) -> None:
    """All trials were made, none failed, and each step counts once."""
    with rung.Study.load("engines", folder / "s.db") as study:
        assert len(study.trials) == 12
        assert {trial.status for trial in study.trials} <= {"complete", "paused", "stopped"}
        assert not study.state.jobs
        steps: dict[int, list[int]] = {trial.number: [] for trial in study.trials}
        for entry in study.events():
            if isinstance(entry.event, ev.Reported) and not entry.event.repeat:
                steps[entry.event.trial].append(entry.event.resource)
        assert steps == {trial.number: list(range(1, trial.resource + 1)) for trial in study.trials}


def test_a_killed_worker_and_a_killed_agent_cost_no_trial(tmp_path, engine):
    (tmp_path / "worker").touch()
    if engine.executor != "local":  # there the agent's place is the driver's
        (tmp_path / "agent").touch()
    driver = start(tmp_path, engine)
    engine.heal()
    said, _ = driver.communicate(timeout=LIMIT_S)
    assert "ended: the budget of 12 trials is used up" in said, said
    check_whole(tmp_path)
    lost = [ended.failure.type for ended in events(tmp_path, ev.Ended) if ended.outcome == "lost"]
    assert sorted(lost) == (["killed"] if engine.executor == "local" else ["killed", "node lost"])


def test_a_killed_driver_leaves_no_worker_behind_and_the_study_goes_on(tmp_path, engine):
    kill_the_driver_and_go_on(tmp_path, engine)


@pytest.mark.integration
@pytest.mark.timeout(300)
def test_a_killed_driver_leaves_no_rank_of_a_gang_behind_on_any_node(tmp_path, request):
    slurm = engine_named("slurm", request)
    gangs = slurm.with_options("cpus=1", "processes_per_trial=2", "nodes_per_trial=2")
    kill_the_driver_and_go_on(tmp_path, replace(slurm, executor=gangs))


def kill_the_driver_and_go_on(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "killer").touch()
    driver = start(tmp_path, engine)
    driver.communicate(timeout=LIMIT_S)
    assert driver.returncode == -9
    trained_by = [int(path.name) for path in (tmp_path / "pids").iterdir()]
    left = [psutil.Process(pid) for pid in trained_by if psutil.pid_exists(pid)]
    assert not outliving(left, GONE_S), "workers outlived their driver"
    said = run(tmp_path, engine)
    assert "ended: the budget of 12 trials is used up" in said, said
    check_whole(tmp_path)
    lost = [ended.failure.type for ended in events(tmp_path, ev.Ended) if ended.outcome == "lost"]
    assert set(lost) <= {"driver lost"}  # none, if the log's last moment is lost with it


@pytest.mark.integration
@pytest.mark.timeout(300)
def test_a_study_whose_ray_cluster_loses_its_head_goes_on_when_there_is_one_again(tmp_path):
    """Ray ends a process that has joined a cluster when its head is away for a minute, here for some seconds."""
    pytest.importorskip("ray")
    port = free_port()
    head = RayHead(port)
    try:
        (tmp_path / "still").touch()
        patience = {"RAY_gcs_rpc_server_reconnect_timeout_s": "5"}
        driver = start(tmp_path, Engine(f"ray,address={head.address}", lambda driver: [], patience))
        while not (tmp_path / "stands still").exists():
            assert driver.poll() is None, driver.communicate()[0]
            time.sleep(0.05)
        head.kill()
        head = RayHead(port)
        said, _ = driver.communicate(timeout=LIMIT_S)
    finally:
        head.kill()
    assert "Ray has ended the connection to its cluster: " in said
    assert "The run goes on when it answers again\nRay answers again\n" in said
    assert "ended: the budget of 12 trials is used up" in said
    check_whole(tmp_path)
    lost = [ended.failure for ended in events(tmp_path, ev.Ended) if ended.outcome == "lost"]
    assert {failure.type for failure in lost} == {"node lost"}
    assert all("is gone with its node: " in failure.message for failure in lost)
