"""The benchmarks of searchers run, go on where they were stopped, and their tasks and ranks are what they say."""

import importlib.util
import math
import os
import re
import shlex
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks" / "searchers"))

import quality
from methods.base import Setting
from methods.known import start
from outcomes.play import play
from outcomes.ranks import mean_ranks, ranked
from outcomes.runs import longest
from tasks import constrained, landscapes
from tasks.known import tasks
from tasks.several import several

from rung.models.pareto import non_dominated

FOLDER = Path(__file__).parents[1] / "benchmarks" / "searchers"
README = (FOLDER / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.timeout(300)  # each program imports all anew, also on a busy machine

LOWEST = {
    "branin": [math.pi, 2.275],
    "camel": [0.0898, -0.7126],
    "goldstein-price": [0.0, -1.0],
    "hartmann-3": [0.114614, 0.555649, 0.852547],
    "hartmann-6": [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573],
    "shekel-10": [4.00075, 4.00059, 3.99966, 3.99951],
    "levy-8": [1.0] * 8,
    "michalewicz-5": [2.202906, 1.570796, 1.284992, 1.923058, 1.720470],
    "styblinski-tang-6": [-2.903534] * 6,
    "rosenbrock-6": [1.0] * 6,
    "ackley-10": [0.0] * 10,
    "powell-8": [0.0] * 8,
    "dixon-price-6": [2 ** -((2**i - 2) / 2**i) for i in range(1, 7)],
    "gardner": [4.712389, 0.0],
    "gramacy": [0.1951226, 0.4046670],
    "spring": [0.05169, 0.35672, 11.28896],
    "welded beam": [0.20573, 3.47049, 9.03662, 0.20573],
    "pressure vessel": [13, 7, 42.098446, 176.636596],
}


PEERS = ("optuna-tpe", "optuna-cmaes", "hyperopt-tpe", "smac", "botorch")


def peer(method: str) -> Any:  # Any: pytest's own
    """A peer's method, whose test is an integration where continuous integration does not install the peer."""
    library = method.partition("-")[0]
    installed = importlib.util.find_spec(library) is not None
    return pytest.param(method, marks=() if library == "optuna" or installed else pytest.mark.integration)


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / f"{program}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, env=os.environ)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


def are_tables(printed: str) -> bool:
    blocks = [block.splitlines() for block in printed.split("\n\n") if block.startswith("|")]
    return bool(blocks) and all(len({line.count("|") for line in block}) == 1 for block in blocks)


@pytest.mark.parametrize("name", LOWEST)
def test_the_best_of_a_function_is_at_its_known_place(name: str) -> None:
    task = tasks()[name]
    config = {f"x{i}": value for i, value in enumerate(LOWEST[name])}
    assert task.space.contains(config)
    assert task.loss(config) == pytest.approx(task.best, abs=2e-3 * (task.typical - task.best))
    assert max(task.broken(config), default=0) < 1e-3


@pytest.mark.parametrize("name", [name for name, task in tasks().items() if task.group != "trainings"])
def test_no_configuration_is_better_than_the_best(name: str) -> None:
    task = tasks()[name]
    configs = task.space.sample(400, np.random.default_rng(1))
    kept = [config for config in configs if not any(task.broken(config))]
    assert kept
    losses = np.array([task.loss(config) for config in kept])
    assert losses.min() >= task.best
    assert abs(np.mean(losses < task.typical) - 0.5) < 2 / math.sqrt(len(kept))


def test_the_least_cost_of_pest_control_is_the_least_of_all_plans() -> None:
    tried = min(landscapes._pest_cost(list(plan)) for plan in product(range(5), repeat=5))
    assert landscapes.least_pest_cost(5) == pytest.approx(tried)
    assert landscapes.least_pest_cost(15) == pytest.approx(landscapes.LEAST_PEST_COST)


@pytest.mark.parametrize("method", ["random", "tpe", *map(peer, PEERS)])
@pytest.mark.filterwarnings("ignore")  # peers warn of much
def test_every_tool_proposes_what_the_space_has(method: str) -> None:
    for task in (tasks()["layers"], tasks()["pressure vessel"]):
        tool = start(method, Setting(task.space, len(task.limits), task.penalty, 3, 15))
        for _ in range(14):
            config = tool.ask()
            task.space.check(config)
            tool.tell(config, task.loss(config), task.broken(config))


def test_the_incumbent_keeps_the_limits_and_is_chosen_by_what_was_observed() -> None:
    limited = play(constrained.hartmann_in_a_ball(), "random", 0, 60)
    (first, loss), *_ = limited.incumbents
    assert first > 1
    assert limited.at(first - 1) == math.inf
    assert limited.at(first) == loss
    assert limited.at(60) == limited.at(10**6) == limited.incumbents[-1][1]
    noisy = [loss for _, loss in play(tasks()["hartmann-6, noisy"], "random", 0, 60).incumbents]
    assert sorted(noisy, reverse=True) != noisy  # an unlucky choice makes it worse
    clean = [loss for _, loss in play(tasks()["hartmann-6"], "random", 0, 60).incumbents]
    assert sorted(clean, reverse=True) == clean


def test_a_mean_rank_is_that_over_tasks_of_that_over_seeds() -> None:
    one = ranked(np.array([[0.1, 0.2, 0.3], [0.2, 0.1, np.inf]]))
    other = ranked(np.array([[1e-9, 1e-8, 0.5]]))
    assert one.tolist() == [[1, 2, 3], [2, 1, 3]]
    assert other.tolist() == [[1.5, 1.5, 3]]
    means, (low, high) = mean_ranks([one, other])
    assert means.tolist() == [1.5, 1.5, 3]
    assert (low <= means).all() and (means <= high).all()
    assert low[0] < high[0]
    assert low[2] == high[2] == 3


def test_a_run_is_not_repeated_and_what_is_there_becomes_tables(tmp_path: Path, monkeypatch) -> None:
    folder = str(tmp_path / "runs")
    part = ["--tasks", "branin", "gardner", "--seeds", "2", "--out", folder]
    run("quality", *part, "--methods", "random", "--budget", "10")
    with (tmp_path / "runs" / "random.jsonl").open("a") as file:
        file.write('{"task": "cut by a cra')
    again = run("quality", *part, "--methods", "random", "quasi-random", "--budget", "10")
    assert again.stderr.count("random on") == 4
    assert "/4 quasi-random on branin, seed 0" in again.stderr
    assert len(longest([tmp_path / "runs"])) == 8
    printed = run("quality", *part, "--budget", "10", "--report").stdout
    assert "development: 2 tasks, 2 seeds" in printed
    assert are_tables(printed)
    monkeypatch.setattr(sys, "argv", ["quality.py", *part, "--methods", "tpe", "--budget", "10", "--report"])
    with pytest.raises(SystemExit, match="no task has runs of tpe to 10 evaluations in"):
        quality.main()


REPORTS = re.findall(r"`quality.py (--report --out benchmarks/searchers/runs[^`]*)`", README)


@pytest.mark.parametrize("arguments", REPORTS)
def test_the_readme_shows_what_the_committed_runs_say(arguments: str, monkeypatch, capsys) -> None:
    monkeypatch.chdir(FOLDER.parents[1])
    monkeypatch.setattr(sys, "argv", ["quality.py", *shlex.split(arguments)])
    quality.main()
    _heading, *parts = capsys.readouterr().out.strip().split("\n\n")
    tables = [part.strip() for part in parts if part.startswith("|")]
    assert tables
    assert [part for part in tables if part not in README] == []


def test_the_speed_of_suggestions_is_printed() -> None:
    printed = run("speed", "--trials", "30", "60", "--methods", "random", "tpe", "gp", "--rounds", "2").stdout
    assert printed.startswith("load ")
    assert are_tables(printed)
    assert all(printed.count(f"| {name} |") == 2 for name in ("random", "tpe", "gp"))


def test_ways_are_compared_in_the_simulator_and_not_simulated_twice(tmp_path: Path) -> None:
    arguments = ["--workers", "2", "--seeds", "1", "--trainings", "4", "--out", str(tmp_path / "runs")]
    arguments += ["--ways", "random search", "ASHA", "ASHA, TPE"]
    first = run("parallel", *arguments)
    assert first.stderr.count("seed 0") == 6
    assert are_tables(first.stdout)
    assert not run("parallel", *arguments).stderr


@pytest.mark.parametrize("name", several())
def test_no_configuration_lies_before_the_best_front(name: str) -> None:
    problem = several()[name]
    losses = np.array(
        [problem.losses(config) for config in problem.space.sample(300, np.random.default_rng(1))]
    )
    best = problem.best[non_dominated(problem.best)]
    assert not (losses[:, None] < best - 1e-12).all(axis=2).any()
    assert problem.front.lost(best.tolist()) == pytest.approx(0.0, abs=1e-9)
    assert 0.05 < problem.front.lost(losses.tolist()) < 0.9


def test_fronts_are_compared_and_not_run_twice(tmp_path: Path) -> None:
    arguments = [
        "--problems",
        "ZDT1",
        "network",
        "--seeds",
        "1",
        "--budget",
        "12",
        "--out",
        str(tmp_path / "runs"),
    ]
    arguments += ["--methods", "random", 'gp:{"initial": 4}']
    first = run("fronts", *arguments)
    assert first.stderr.count("seed 0") == 4
    assert are_tables(first.stdout)
    assert not run("fronts", *arguments).stderr
