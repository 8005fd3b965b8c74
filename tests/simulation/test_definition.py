"""What `rung simulate` is given: files, tables, and the logs of studies."""

from pathlib import Path

import pytest

import rung
from problems.tables import table
from rung.problems.files import write_table
from rung.simulation.definition import (
    arms_of,
    most_workers,
    option,
    problem_of,
    problems_of,
    read_definition,
    usual_schedulers,
    variants,
)

from .worlds import SPACE, problem

FILE = """
problems = ["tables/*.npz"]
workers = [4, 16]
seeds = 3
[curves.made]
max_resource = 9
noise = 0.1
space.x = {type = "float", low = 0, high = 1}
[scheduler.halving]
type = "asha"
eta = 4
[world]
horizon = 5
straggling = 0.2
"""


def test_a_file_names_tables_by_patterns_and_describes_curves(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    write_table(table([[2.0, 1.0], [3.0, 2.0]]), tmp_path / "tables" / "one")
    (tmp_path / "e.toml").write_text(FILE)
    found = read_definition(tmp_path / "e.toml")
    assert (found.workers, found.seeds, found.world.straggling) == ((4, 16), 3, 0.2)
    problems = problems_of(found, tmp_path)
    assert [(each.name, each.max_resource) for each in problems] == [("small", 2), ("made", 9)]


def test_a_table_alone_is_a_problem(tmp_path: Path) -> None:
    write_table(table([[2.0, 1.0], [3.0, 2.0]]), tmp_path / "one")
    for name in ("one.npz", "one.json"):
        (found,) = problems_of(read_definition(tmp_path / name), Path("elsewhere"))
        assert found.max_resource == 2


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "e.toml"
    for text, words in (
        ("x = ", "cannot be understood"),
        ('problem = ["a"]', "unknown field `problem`"),
        ("[world]\nhorizon = -1", "horizon must be above 0"),
    ):
        file.write_text(text)
        with pytest.raises(rung.SpecError, match=words):
            read_definition(file)
    with pytest.raises(rung.SpecError, match="does not exist"):
        read_definition(tmp_path / "none.toml")
    file.write_text('problems = ["*.npz"]')
    with pytest.raises(rung.SpecError, match="no table is called"):
        problems_of(read_definition(file), tmp_path)


def test_names_of_arms_say_what_differs() -> None:
    asha, random = {"a": {"type": "asha"}}, {"r": {"type": "random"}}
    assert [arm.name for arm in arms_of(asha, random, [4])] == ["a"]
    assert [arm.name for arm in arms_of(asha, random, [4, 8])] == ["a, 4 workers", "a, 8 workers"]
    both = arms_of(asha, {**random, "g": {"type": "grid"}}, [4])
    assert [arm.name for arm in both] == ["a, r", "a, g"]


def test_a_scheduler_on_a_command_line_has_options_of_their_types() -> None:
    name, options = option("asha eta=4 min_resource=2", "scheduler")
    assert name == "asha eta=4 min_resource=2"
    assert options == {"type": "asha", "eta": 4, "min_resource": 2}
    with pytest.raises(rung.SpecError, match="name=value"):
        option("asha eta", "scheduler")
    with pytest.raises(rung.SpecError, match=r"(?s)'ashaa'.*asha"):
        option("ashaa", "scheduler")


def test_without_a_choice_each_scheduler_runs_that_can() -> None:
    assert {"asha", "stopping-asha", "fifo"} <= set(usual_schedulers([problem()])[0])


def test_a_study_is_changed_in_one_way_at_a_time() -> None:
    found = variants({"type": "asha", "max_resource": 27, "min_resource": 3}, 27)
    assert found["as it was"]["max_resource"] == 27
    assert set(found) == {"as it was", "eta=2", "eta=4", "min_resource=1", "min_resource=9", "fifo"}
    assert found["eta=4"] == {"type": "asha", "max_resource": 27, "min_resource": 3, "eta": 4}
    assert variants({"type": "fifo", "max_resource": 81}, 27) == {
        "as it was": {"type": "fifo", "max_resource": 27}
    }


def test_the_log_of_a_study_is_a_problem() -> None:
    study = rung.Study("mine", SPACE, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=None)
    study.run(executor=rung.Simulated(problem=problem(), workers=3), budget=rung.Budget(trials=40))
    made = problem_of(study, "nearest")
    assert (made.name, made.max_resource, made.objective.metric) == ("mine", 9, "loss")
    assert most_workers(study) == 3
    first = study.trials[0]
    assert made(first.config, 1, 0)[0]["loss"] == pytest.approx(problem()(first.config, 1, 0)[0]["loss"])


def test_a_reserve_stands_beside_the_options_of_a_scheduler() -> None:
    schedulers = {"plain": {"type": "asha"}, "confirmed": {"type": "asha", "confirm": 0.1}}
    plain, confirmed = arms_of(schedulers, {"random": {"type": "random"}}, [4])
    assert (plain.confirm, confirmed.confirm) == (None, rung.Confirm(0.1))
    assert plain.scheduler == confirmed.scheduler == {"type": "asha"}
    table = {"x": {"type": "asha", "confirm": {"share": 0.2, "top": 3}}}
    assert arms_of(table, {"random": {"type": "random"}}, [4])[0].confirm == rung.Confirm(0.2, top=3)
    for wrong in ({"share": 2}, {"shares": 0.1}, 3, "much"):
        with pytest.raises(rung.SpecError, match="confirm"):
            arms_of({"x": {"type": "asha", "confirm": wrong}}, {"random": {"type": "random"}}, [4])
