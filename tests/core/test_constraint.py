"""Constraints: what is refused, by how much one is broken, and that what breaks one ranks behind what does not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.core.constraint import Constraint, constraints_of, is_feasible, ranking, violations
from rung.core.errors import SpecError
from rung.core.event import Created, Ended, Entry, Opened, Reported, Started
from rung.core.objective import Objective
from rung.core.resource import Replicates, Steps
from rung.core.space import Float, Space
from rung.core.state import State
from rung.core.why import Why
from rung.schedulers.fifo import FIFO

SPACE = Space({"x": Float(0.0, 1.0)})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"metric": ""}, "name of a reported metric"),
        ({"metric": "latency"}, "no limit. Give upper= or lower="),
        ({"metric": "latency", "upper": math.nan}, "finite number, got nan"),
        ({"metric": "latency", "upper": "fast"}, "finite number, got 'fast'"),
        ({"metric": "latency", "upper": 1.0, "lower": 2.0}, "can never be kept"),
    ],
)
def test_a_constraint_that_makes_no_sense_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Constraint(**options)


@pytest.mark.parametrize("given", ["latency", [Constraint("a", upper=1), Constraint("a", lower=0)], [3]])
def test_a_list_that_is_none_of_constraints_is_refused(given: object) -> None:
    with pytest.raises(SpecError):
        constraints_of(given)


def test_a_violation_is_counted_in_parts_of_the_limit() -> None:
    upper, lower, zero = Constraint("a", upper=0.1), Constraint("a", lower=-4), Constraint("a", upper=0)
    assert [upper.violation(value) for value in (-9.0, 0.1, 0.15)] == [0.0, 0.0, pytest.approx(0.5)]
    assert [lower.violation(value) for value in (-4.0, -5.0)] == [0.0, 0.25]
    assert zero.violation(3.0) == 3.0
    assert upper.violation(math.nan) == math.inf
    assert str(Constraint("a", lower=1, upper=2)) == "a at least 1 and at most 2"


def test_only_the_total_violation_ranks_infeasible_trials() -> None:
    limits = (Constraint("a", upper=1), Constraint("b", upper=2))
    slightly, badly = violations(limits, (1.5, 0)), violations(limits, (1.5, 3))
    assert ranking((-7.0,), (0.0, 0.0)) == (-7.0,)
    assert ranking((-9.0,), slightly) == ranking((5.0,), slightly) < ranking((-9.0,), badly) < (math.inf,)


@given(st.floats(-1e99, 1e99), st.floats(1e-12, math.inf), st.floats(1e-12, math.inf))
def test_feasible_comes_before_infeasible_and_that_before_failed(
    loss: float, less: float, more: float
) -> None:
    less, more = min(less, more), max(less, more)
    feasible, first, second = ranking((loss,), ()), ranking((loss,), (less,)), ranking((loss,), (more,))
    assert feasible < first <= second < (math.inf,)
    assert is_feasible(feasible[0]) and not is_feasible(first[0])
    assert math.isfinite(1000 * ranking((0.0,), (math.inf,))[0] ** 2)


def reported(state: State, trial: int, resource: int, loss: float, latency: float) -> None:
    apply(state, Reported(trial, trial, resource, {"loss": loss, "latency": latency}))


def apply(state: State, event: object) -> None:
    state.apply(Entry(state.seq + 1, float(state.seq), event))


def study(resource: Steps | Replicates, *latencies: tuple[float, ...]) -> State:
    """Trials with loss 0, 1, 2 … and these latencies at each resource."""
    limits, n = (Constraint("latency", upper=1),), len(latencies[0])
    scheduler = FIFO(max_resource=n).start(SPACE, (Objective("loss"),), 0)
    state = State(SPACE, (Objective("loss"),), resource, scheduler, constraints=limits)
    apply(state, Opened({}, {}))
    for trial, found in enumerate(latencies):
        apply(state, Created(trial, {"x": 0.5}, "searcher", 0))
        apply(state, Started(trial, trial, 0, n, 0, Why("new")))
        for step, latency in enumerate(found, 1):
            reported(state, trial, step, float(trial), latency)
        apply(state, Ended(trial, trial, "reached"))
    return state


def test_the_incumbent_is_feasible_wherever_there_is_a_feasible_one() -> None:
    assert study(Steps(), (2.0,), (3.0,)).incumbent.trial == 0
    state = study(Steps(), (3.0,), (2.0,), (0.5,))
    assert (state.incumbent.trial, state.incumbent.losses, state.incumbent.violation) == (2, (2.0,), 0.0)
    assert study(Steps(), (3.0,), (2.0,)).incumbent.violation == 1.0


def test_the_history_keeps_raw_losses_and_has_the_violations_beside_them() -> None:
    view = study(Steps(), (3.0, 0.5)).history.view()
    assert view.losses.tolist() == [[0.0], [0.0]]
    assert view.violations.tolist() == [[2.0], [0.0]]


def test_replicates_are_judged_by_the_mean_of_the_constrained_metric() -> None:
    state = study(Replicates(), (0.0, 1.5, 1.5), (0.0, 1.5, 1.8))
    assert [record.violations for record in state.trials] == [(0.0,), (pytest.approx(0.1),)]
    assert state.history.view().violations[:, 0].tolist()[:3] == [0.0, 0.0, 0.0]
