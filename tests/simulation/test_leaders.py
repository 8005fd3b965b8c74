"""The front as trials arrive is the front of all that arrived furthest."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.models.fronts import comparable
from rung.models.pareto import non_dominated
from rung.simulation.leaders import Leaders

ARRIVALS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)),
        st.sampled_from([0.0, 0.0, 0.5, 1.0]),
    ),
    min_size=1,
    max_size=20,
)


@given(ARRIVALS)
@settings(max_examples=60, deadline=None)
def test_it_is_the_front_that_a_study_shows(arrivals: list[tuple[int, tuple[int, int, int], float]]) -> None:
    leaders = Leaders()
    for trial, (target, losses, violation) in enumerate(arrivals):
        leaders.arrive(trial, target, tuple(map(float, losses)), violation)
    losses = np.array([each[1] for each in arrivals], float)
    violations = np.array([[each[2]] for each in arrivals])
    rows = comparable(losses, violations, np.array([each[0] for each in arrivals]))
    assert leaders.trials == rows[non_dominated(losses[rows])].tolist()
