"""The benchmarks of schedulers run, and what they conclude from can fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks" / "schedulers"))

import agreement
import best_arm
import hyperband
from parts.problems import Arms

from rung.schedulers.halving import Plan

FOLDER = Path(__file__).parents[1] / "benchmarks" / "schedulers"

pytestmark = pytest.mark.timeout(300)  # each program imports all anew, also on a busy machine

SMALL = {
    "agreement": ["--trials", "40"],
    "asha": ["--workers", "5", "--seeds", "1", "--horizon", "1"],
    "best_arm": ["--runs", "2", "--arms", "8", "--first", "1"],
    "decision_cost": ["--trials", "60", "--scheduler", "asha", "median-stopping", "--seconds", "0.01"],
    "hyperband": ["--seeds", "1", "--rounds", "1", "--max-resource", "9"],
}


@pytest.mark.parametrize("program", SMALL)
def test_each_program_prints_tables_and_the_load_of_the_machine(program: str) -> None:
    command = [sys.executable, str(FOLDER / f"{program}.py"), *SMALL[program]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, env=os.environ)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.startswith("load ")
    blocks = [block.splitlines() for block in done.stdout.split("\n\n") if block.startswith("|")]
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1
    assert max(map(len, blocks)) > 2


def test_a_difference_far_from_the_cutoff_is_not_explained_away() -> None:
    case = agreement.cases(60)[1]
    mine = agreement.ours(case)
    assert agreement.compared(case, mine, mine) == {"agree": len(mine)}
    first_rung = [(index, value) for index, (_, level, value) in enumerate(case.arrivals) if level == 1]
    worst = max(first_rung[30:], key=lambda found: found[1])[0]
    other = [said != (index == worst) for index, said in enumerate(mine)]
    assert agreement.compared(case, mine, other)["unexplained"] == 1


def test_the_bound_of_hyperband_is_that_of_the_published_brackets() -> None:
    configs, units, most = hyperband.bound(81)
    assert configs == 81 + 34 + 15 + 8 + 5
    assert most == configs * 81 / units
    # 81 at 1, 27 at 3, 9 at 9, 3 at 27, 1 at 81, where trials go on from one rung to the next; and so on
    assert (
        units
        == (81 + 27 * 2 + 9 * 6 + 3 * 18 + 54)
        + (34 * 3 + 11 * 6 + 3 * 18 + 54)
        + (15 * 9 + 5 * 18 + 54)
        + (8 * 27 + 2 * 54)
        + 5 * 81
    )


def test_halving_finds_the_best_arm_wherever_the_envelope_says_that_it_must() -> None:
    plan = Plan((64, 128, 256), 8, 2)
    guaranteed = 0
    for seed in range(12):
        problem = Arms(best_arm.SPREAD, plan.levels[-1])
        chosen = best_arm.chosen(problem, "halving", plan, seed)
        uniform, halving = best_arm.sure(plan, sorted(problem.limits))
        assert halving >= uniform
        guaranteed += halving
        assert len(problem.limits) == plan.size
        if halving:
            assert chosen == pytest.approx(min(problem.limits), abs=1e-12)
    assert 0 < guaranteed < 12
