"""Several objectives: the expected hypervolume improvement in the searcher."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rung
from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.space import Config
from rung.models.pareto import hypervolume
from rung.searchers.gaussian.mobster import MOBSTER
from rung.searchers.gaussian.options import GP
from rung.searchers.random import RandomSearch

from ..histories import SPACE, add, request, start, walk

UNIT = rung.Space({f"x{i}": rung.Float(0.0, 1.0) for i in range(4)})
ODD = [math.inf, 0.0, 1.0, 1e300, -1e300, 5e-324]


def vector(config: Config) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.array([float(config[f"x{i}"]) for i in range(4)])  # type: ignore[arg-type]  # numbers


def zdt2(config: Config) -> tuple[float, ...]:
    """Zitzler, Deb & Thiele 2000: a front that bulges outwards."""
    x = vector(config)
    g = 1 + 9 * x[1:].mean()
    return float(x[0]), float(g * (1 - (x[0] / g) ** 2))


def bowls(config: Config) -> tuple[float, ...]:
    """Three bowls: the front is the triangle between their bottoms."""
    bottoms = np.array([[0.2, 0.2, 0.5, 0.4], [0.8, 0.3, 0.5, 0.6], [0.4, 0.9, 0.7, 0.5]])
    return tuple(((vector(config) - bottoms) ** 2).sum(axis=1).tolist())


@pytest.mark.parametrize(("losses", "k", "worst"), [(zdt2, 2, 1.5), (bowls, 3, 0.6)])
def test_it_finds_more_of_the_front_than_chance_in_five_times_as_many_trials(
    losses: Callable[[Config], tuple[float, ...]], k: int, worst: float
) -> None:
    runs = [
        walk(spec, losses, n, space=UNIT, k=k)[0] for spec, n in ((GP(initial=6), 22), (RandomSearch(), 110))
    ]
    volume, chance = (hypervolume(history.view().losses, np.full(k, worst)) for history in runs)
    assert volume > chance


@settings(max_examples=8, deadline=None)
@given(
    losses=st.lists(
        st.tuples(*[st.one_of(st.floats(allow_nan=False), st.sampled_from(ODD))] * 3), max_size=7
    ),
    k=st.integers(2, 3),
    broken=st.booleans(),
    failures=st.sets(st.integers(0, 8), max_size=2),
)
def test_every_suggestion_is_valid_whatever_the_history(
    losses: list[tuple[float, ...]], k: int, broken: bool, failures: set[int]
) -> None:
    history = History(SPACE, k, 1)
    for n, config in enumerate(SPACE.sample(len(losses) + 2, np.random.default_rng(len(losses)))):
        history.add_trial(config)
        if n < len(losses):
            history.add_observation(n, 1, losses[n][:k], {}, 1.0, 1.0, (float(broken or n % 2),))
        else:
            history.pending[n] = 1
        if n in failures:
            history.add_failure(n, 3)
    for suggestion in start(GP(initial=1), k=k).suggest(history.view(), request(len(losses) + 2, 2)):
        SPACE.check(suggestion.config)
        numbers = [value for value in (suggestion.fitted or {}).values() if not isinstance(value, str)]
        assert np.isfinite(numbers).all()


def test_a_fresh_searcher_suggests_what_one_does_that_lived_through_the_study() -> None:
    history, suggestions = walk(GP(initial=3), zdt2, 16, space=UNIT, k=2)
    past = History(UNIT, 2)
    for n, suggestion in enumerate(suggestions):
        if n in (4, 10, 15):
            (fresh,) = start(GP(initial=3), UNIT, 2).suggest(past.view(), request(n))
            assert fresh == suggestion
        add(past, suggestion, tuple(history.view().losses[n].tolist()))


def test_a_batch_is_spread_along_the_front() -> None:
    history, _ = walk(GP(initial=6), zdt2, 14, space=UNIT, k=2)
    batch = start(GP(initial=6), UNIT, 2).suggest(history.view(), request(14, 5))
    points = UNIT.encode([each.config for each in batch])
    apart = np.abs(points[:, None] - points).max(axis=2)[np.triu_indices(5, 1)]
    assert apart.min() > 0.01
    assert np.ptp(points[:, 0]) > 0.1


def test_a_limit_is_kept_once_it_is_known() -> None:
    history, live = History(UNIT, 2, 1), start(GP(initial=6), UNIT, 2)
    for n in range(22):
        config = live.suggest(history.view(), request(n))[0].config
        history.add_trial(config)
        history.add_observation(n, 1, zdt2(config), {}, 1.0, 1.0, (max(float(config["x0"]) - 0.5, 0.0),))  # type: ignore[arg-type]
    late = history.view().violations[14:, 0]
    assert (late > 0).mean() <= 0.25


def test_with_all_resources_in_one_model_only_the_highest_makes_the_front() -> None:
    """At low resources the second objective, a cost, is low: they would dominate all."""
    history, live = History(UNIT, 2), start(MOBSTER(initial=3), UNIT, 2)
    for n in range(12):
        (suggestion,) = live.suggest(history.view(), request(n))
        history.add_trial(suggestion.config)
        first, second = zdt2(suggestion.config)
        for resource in (1, 3):
            history.add_observation(n, resource, (first, second * resource), {}, 1.0, 1.0)
    assert suggestion.fitted is not None
    rows = live._fidelity.rows(history.view(), 3)  # type: ignore[attr-defined]
    belief = live._front(rows)  # type: ignore[attr-defined]
    resources = belief.gps[0].X[belief.counts, -1]
    assert belief.counts.sum() == 12
    assert (resources == resources.max()).all()


def test_what_was_expected_is_told_for_each_objective() -> None:
    _, suggestions = walk(GP(initial=3), zdt2, 5, space=UNIT, k=2)
    told = suggestions[-1].fitted
    assert told is not None
    assert told.keys() == {"model", "rows", "acquisition", "mean loss0", "mean loss1"}


def test_the_mixture_is_for_other_acquisitions_and_more_objectives() -> None:
    goals = tuple(rung.core.objective.Objective(name) for name in "abcd")
    assert [GP().models_each(goals[:k]) for k in (1, 2, 3, 4)] == [False, True, True, False]
    assert not GP(acquisition="ucb").models_each(goals[:2])
    assert not GP(front="chebyshev").models_each(goals[:2])


def test_options_that_make_no_sense_are_refused_in_a_sentence() -> None:
    with pytest.raises(SpecError, match="front of a GP must be one of hypervolume, chebyshev, got 'best'"):
        GP(front="best")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="is an expected improvement, got acquisition='ucb'"):
        GP(front="hypervolume", acquisition="ucb")
    with pytest.raises(SpecError, match="takes 3 objectives at most, got 4"):
        start(GP(front="hypervolume"), k=4)
