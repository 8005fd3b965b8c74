"""Experiments: the answer does not depend on how many processes give it, and what cannot work is said first."""

import msgspec
import pytest

import rung
from rung.problems.tabular import TableProblem
from rung.simulation.experiment import Experiment
from rung.simulation.run import Run
from rung.simulation.setting import World

from .worlds import arm, problem


def without_real_time(runs: list[Run]) -> list[Run]:
    return [msgspec.structs.replace(run, real_s=0.0) for run in runs]


@pytest.mark.timeout(300)
def test_two_processes_give_the_answer_of_one() -> None:
    experiment = Experiment(
        [problem("p"), problem("q", max_resource=3)], [arm("asha"), arm("fifo")], World(horizon=2), 2
    )
    done: list[int] = []
    one, two = experiment.runs(1), experiment.runs(2, done.append)
    assert without_real_time(one) == without_real_time(two)
    assert done == list(range(1, 9))
    assert [(run.arm, run.problem, run.seed) for run in one][:3] == [
        ("asha", "p", 0),
        ("asha", "p", 1),
        ("asha", "q", 0),
    ]


def test_what_cannot_work_is_said_before_anything_runs() -> None:
    with pytest.raises(rung.SpecError, match=r"asha cannot work on p: .*eta must be"):
        Experiment([problem("p")], [arm("asha", eta=1)], World(), 1).runs(1)
    with pytest.raises(rung.SpecError, match="two arms are called 'asha'"):
        Experiment([problem("p")], [arm("asha"), arm("asha", eta=4)], World(), 1).runs(1)
    with pytest.raises(rung.SpecError, match="no problems"):
        Experiment([], [arm()], World(), 1).runs(1)


def test_tables_cross_to_other_processes() -> None:
    import pickle

    from problems.tables import table

    made = TableProblem(table([[3.0, 2.0], [4.0, 3.0], [5.0, 1.0]]))
    again = pickle.loads(pickle.dumps(made))
    assert again({"x": 0.9}, 2, 0) == made({"x": 0.9}, 2, 0) == ({"loss": 1.0}, 1.0)
