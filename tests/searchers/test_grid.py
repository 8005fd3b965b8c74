import pytest

import rung
from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Choice, Float, Int, Space
from rung.core.suggestion import Request
from rung.executors.simulated import LearningCurves
from rung.searchers.grid import GridSearch

SPACE = Space({"x": Float(0.0, 1.0), "n": Int(1, 2), "kind": Choice(["a", "b"])})


def suggest(search: GridSearch, index: int, count: int) -> list[dict[str, object]]:
    searcher = search.start(SPACE, (Objective("loss"),), 0)
    request = Request(index, index, count, 1, 0, lambda purpose, n: rng(0, purpose, n))
    return [each.config for each in searcher.suggest(History(SPACE, 1).view(), request)]


def test_every_combination_comes_once_and_then_none() -> None:
    found = suggest(GridSearch(points=3), 0, 100)
    assert len(found) == 12
    assert {tuple(config.values()) for config in found} == {
        (x, n, kind) for x in (0.0, 0.5, 1.0) for n in (1, 2) for kind in ("a", "b")
    }
    assert suggest(GridSearch(points=3), 12, 5) == []
    assert suggest(GridSearch(points=3), 10, 5) == found[10:]


def test_a_float_without_a_number_of_points_is_refused_before_anything_runs() -> None:
    with pytest.raises(SpecError, match="x"):
        GridSearch().start(SPACE, (Objective("loss"),), 0)
    with pytest.raises(SpecError, match="x"):
        rung.Study("grid", SPACE, minimize="loss", searcher=GridSearch(), store=None)


def test_a_study_ends_with_its_grid_and_goes_on_with_a_configuration_that_is_asked_for() -> None:
    study = rung.Study("grid", SPACE, minimize="loss", searcher=GridSearch(points={"x": 2}), store=None)
    pool = rung.Simulated(problem=LearningCurves(SPACE), workers=3)
    study.run(executor=pool)
    assert len(study.trials) == 8
    assert study.state.closed is not None
    assert study.state.closed.rule == "exhausted"
    study.enqueue({"x": 0.3, "n": 1, "kind": "b"})
    study.run(executor=pool)
    assert [trial.config["x"] for trial in study.trials[8:]] == [0.3]
    assert study.trials[8].status == "complete"
