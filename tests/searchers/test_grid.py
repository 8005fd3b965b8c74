import pytest

import rung
from rung.core.errors import SpecError
from rung.core.history import History, HistoryView
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Int, Space
from rung.core.suggestion import Request, Searcher
from rung.problems.synthetic import LearningCurves
from rung.searchers.grid import GridSearch

SPACE = Space({"x": Float(0.0, 1.0), "n": Int(1, 2), "kind": Choice(["a", "b"])})


def after(*tried: Config) -> HistoryView:
    history = History(SPACE, 1)
    for config in tried:
        history.add_trial(config)
    return history.view()


def suggest(searcher: Searcher, view: HistoryView, count: int) -> list[Config]:
    n = view.n_trials
    request = Request(n, n, count, 1, 0, lambda purpose, n: rng(0, purpose, n))
    return [each.config for each in searcher.suggest(view, request)]


def start(points: int) -> Searcher:
    return GridSearch(points=points).start(SPACE, (Objective("loss"),), 0)


def test_every_combination_comes_once_and_then_none() -> None:
    found = suggest(start(3), after(), 100)
    assert len(found) == 12
    assert {tuple(config.values()) for config in found} == {
        (x, n, kind) for x in (0.0, 0.5, 1.0) for n in (1, 2) for kind in ("a", "b")
    }
    assert suggest(start(3), after(*found), 5) == []
    assert suggest(start(3), after(*found[:10]), 5) == found[10:]


def test_what_was_tried_is_skipped_wherever_it_lies_and_each_view_has_one_answer() -> None:
    searcher = start(3)
    found = suggest(searcher, after(), 100)
    tried: list[Config] = [*found[3:5], {"x": 0.7, "n": 1, "kind": "a"}, found[0], *found[5:]]
    views = [after(*tried[:n]) for n in (3, 4, len(tried), 1)]
    answers = [suggest(searcher, view, 4) for view in views]
    assert answers == [found[:3] + found[5:6], [*found[1:3], *found[5:7]], found[1:3], found[:3] + found[4:5]]
    assert answers == [suggest(start(3), view, 4) for view in views]


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
