"""What holds for every evolutionary searcher."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Int, Space
from rung.core.suggestion import SearcherSpec
from rung.searchers.evolution.cmaes import CMAES
from rung.searchers.evolution.differential import DifferentialEvolution
from rung.searchers.evolution.genetic import GeneticSearch
from rung.searchers.evolution.nsga import NSGA2
from rung.searchers.evolution.regularized import RegularizedEvolution
from rung.searchers.random import RandomSearch
from searchers.evolution.world import LINE, MIXED, SMALL, Outcome, ask, live, study, tell, vector

LOSS = st.one_of(st.floats(-1e30, 1e30), st.sampled_from([0.0, 1e300, -1e300, 1e-300, math.inf]))
Vector = npt.NDArray[np.float64]
each = pytest.mark.parametrize("spec", SMALL, ids=lambda spec: f"{type(spec).__name__}")


@each
@settings(max_examples=6, deadline=None)
@given(
    outcomes=st.lists(st.one_of(st.none(), st.tuples(LOSS, LOSS)), max_size=24), objectives=st.integers(1, 2)
)
def test_every_suggestion_is_valid_whatever_the_history(
    spec: SearcherSpec, outcomes: list[Outcome], objectives: int
) -> None:
    searcher, history = live(spec, MIXED, objectives), History(MIXED, objectives)
    for outcome in outcomes:
        config = ask(searcher, history)[0].config
        MIXED.check(config)
        tell(history, config, outcome and outcome[:objectives])
    for suggestion in ask(searcher, history, count=3):
        MIXED.check(suggestion.config)


@each
def test_a_fresh_searcher_suggests_the_same_to_the_bit_and_so_does_one_that_is_asked_of_the_past(
    spec: SearcherSpec,
) -> None:
    searcher, history, views = live(spec, MIXED), History(MIXED, 1), []
    for trial in range(40):
        suggested = ask(searcher, history, target=2)
        views.append((history.view(), suggested))
        history.add_trial(suggested[0].config)
        if trial % 7 == 3:
            history.add_failure(trial, 2)
        elif trial % 5:
            history.add_observation(trial, 1, ((trial * 37 % 11) / 3,), {}, 1.0, 1.0)
            history.add_observation(trial, 2, ((trial * 31 % 13) / 3,), {}, 1.0, 1.0)
        if trial > 10 and trial % 5 == 1:
            history.add_observation(trial - 6, 3, ((trial * 29 % 17) / 3,), {}, 1.0, 1.0)
    aged = live(spec, MIXED)
    for trial in (39, 20, 33, 5, 0, 38):
        view, suggested = views[trial]
        request = suggestion_request(trial)
        assert aged.suggest(view, request) == live(spec, MIXED).suggest(view, request) == suggested


def suggestion_request(trial: int) -> Any:
    from rung.core.suggestion import Request

    return Request(trial, trial, 1, 2, 0, lambda purpose, number: rng(0, purpose, number))


@each
def test_suggestions_of_one_breath_differ_and_beside_pending_trials_too(spec: SearcherSpec) -> None:
    history = study(spec, LINE, lambda config: (float((vector(config) ** 2).sum()),), 20)
    searcher = live(spec, LINE)
    found = [suggestion.config for suggestion in ask(searcher, history, count=5)]
    for config in found:
        history.pending[len(history.configs)] = 1
        history.add_trial(config)
    found += [suggestion.config for suggestion in ask(searcher, history, count=5)]
    assert len({tuple(config.values()) for config in found}) == 10


@each
def test_half_of_the_space_that_fails_is_avoided_after_40_trials(spec: SearcherSpec) -> None:
    space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0), "kind": Choice(["a", "b", "c"])})

    def f(config: Config) -> Outcome:
        x = config["x"]
        assert isinstance(x, float)
        return None if x > 0.5 else (abs(x - 0.4),)

    later = study(spec, space, f, 90).view().failed[:, 0]
    assert (later >= 40).sum() < 5


@each
def test_rules_of_the_space_are_kept_and_nothing_is_tried_twice(spec: SearcherSpec) -> None:
    space = Space({"a": Int(1, 8), "b": Int(1, 8), "c": Choice(["p", "q"])}).where("a * b <= 16")
    history = study(spec, space, lambda config: (float(config["a"]) - float(config["b"]),), 40)  # type: ignore[arg-type]
    assert all(config["a"] * config["b"] <= 16 for config in history.configs)  # type: ignore[operator]
    assert len({tuple(config.values()) for config in history.configs}) == 40


@each
def test_what_keeps_the_constraints_is_bred_from(spec: SearcherSpec) -> None:
    searcher, history = live(spec, LINE), History(LINE, 1, 1)
    for _ in range(120):
        config = ask(searcher, history)[0].config
        x = vector(config)
        tell(history, config, (float((x**2).sum()),), broken=(max(0.0, 2.0 - float(x[0])),))
    kept = history.view().violations[-40:, 0] == 0
    assert kept.mean() > 0.45  # three tenths of the space


@each
@pytest.mark.parametrize(
    "space", [Space({"a": 1}), Space({"a": Choice(["x"])}), Space({"a": Choice([1, 2])})]
)
def test_the_smallest_spaces_work(spec: SearcherSpec, space: Space) -> None:
    history = study(spec, space, lambda config: (1.0,), 12)
    assert all(space.contains(config) for config in history.configs)


def sphere(z: Vector) -> float:
    return float((z**2).sum())


def rastrigin(z: Vector) -> float:
    return float((z**2 + 10 - 10 * np.cos(2 * np.pi * z)).sum())


@pytest.mark.parametrize(("function", "part"), [(sphere, 0.3), (rastrigin, 0.7)])
@pytest.mark.parametrize(
    "spec",
    [CMAES(), DifferentialEvolution(), GeneticSearch(), RegularizedEvolution()],
    ids=lambda spec: type(spec).__name__,
)
def test_they_find_better_ones_than_random_search_by_far(
    spec: SearcherSpec, function: Callable[[Vector], float], part: float
) -> None:
    shift = np.linspace(-1.5, 2.0, 5)

    def best(spec: SearcherSpec) -> float:
        histories = [
            study(spec, LINE, lambda c: (function(vector(c) - shift),), 150, seed=s) for s in range(3)
        ]
        return float(np.mean([history.view().losses.min() for history in histories]))

    assert best(spec) < part * best(RandomSearch())


def test_an_operator_between_branches_gives_whole_configurations() -> None:
    history = study(GeneticSearch(population=6, initial=3), MIXED, lambda config: (float(config["n"]),), 80)  # type: ignore[arg-type]
    kinds = {config["kind"] for config in history.configs[10:]}
    assert kinds == {"a", "b", "c"}


def test_a_belief_leads_the_first_generation() -> None:
    from rung.core.prior import Near

    space = Space({"x": Float(0.0, 1.0, prior=Near(0.9, spread=0.05)), "y": Float(0.0, 1.0)})
    begun = study(CMAES(), space, lambda config: (0.0,), 4)
    assert np.mean([float(config["x"]) for config in begun.configs]) > 0.7  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        (CMAES, {"population": 1}),
        (CMAES, {"sigma": 0}),
        (CMAES, {"restarts": "often"}),
        (GeneticSearch, {"population": 1}),
        (GeneticSearch, {"crossover": 1.5}),
        (DifferentialEvolution, {"population": 3}),
        (DifferentialEvolution, {"factor": (0.9, 0.3)}),
        (DifferentialEvolution, {"crossover": "all"}),
        (RegularizedEvolution, {"sample": 0}),
        (NSGA2, {"eta": -1}),
    ],
)
def test_options_that_make_no_sense_are_refused_in_a_sentence(options: tuple[Any, dict[str, Any]]) -> None:
    spec, wrong = options
    with pytest.raises(SpecError, match=rf"{next(iter(wrong))} of {spec.__name__}"):
        spec(**wrong)
