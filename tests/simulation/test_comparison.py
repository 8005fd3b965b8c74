"""Comparisons: what the numbers of runs say, on runs made by hand."""

import math

import pytest

from rung.simulation.comparison import compare
from rung.simulation.figure import comparison_figure
from rung.simulation.run import Run


def made(arm: str, problem: str, seed: int, final: float | None, units: int = 100) -> Run:
    """A run that found something at half of its time, and its best at the end of it."""
    times, regrets = ([], []) if final is None else ([5.0, 9.0], [1.0, final])
    return Run(
        problem=problem,
        arm=arm,
        seed=seed,
        horizon_s=10.0,
        times=times,
        spent=[units // 2, units - 10] if times else [],
        regrets=regrets,
        trials=10,
        results=units,
        units=units,
        utilization=0.5,
        written=3,
        moved=1,
        most_held=3,
        arrived={},
        trained={},
        jobs={},
        ended_s=10.0,
        real_s=0.1,
    )


def test_ranks_are_means_over_problems_and_seeds_and_ties_share_them() -> None:
    runs = [made("a", p, s, 0.1) for p in "pq" for s in range(3)]
    runs += [made("b", p, s, 0.3) for p in "pq" for s in range(3)]
    runs += [made("c", p, s, 0.3 if s else None) for p in "pq" for s in range(3)]
    found = compare(runs)
    assert [result.arm for result in found] == ["a", "b", "c"]
    assert [result.rank for result in found] == pytest.approx([1.0, 7 / 3, 8 / 3])
    assert (found[0].rank_low, found[0].rank_high) == (1.0, 1.0)
    assert found[2].rank_low < 8 / 3 < found[2].rank_high
    assert (found[2].regret, found[2].regret_high) == (0.3, math.inf)
    assert found[0].by_problem == {"p": 0.1, "q": 0.1}


def test_an_incumbent_counts_from_the_moment_at_which_it_was_found() -> None:
    (found,) = compare([made("a", "p", seed, 0.25) for seed in range(5)])
    by_time = dict(zip(found.over_time.x, found.over_time.median, strict=True))
    assert [by_time[x] for x in (0.25, 0.5, 0.75, 1.0)] == [math.inf, 1.0, 1.0, 0.25]
    by_resource = dict(zip(found.over_resource.x, found.over_resource.median, strict=True))
    assert [by_resource[x] for x in (0.25, 0.5, 1.0)] == [math.inf, 1.0, 0.25]


def test_the_resource_of_an_arm_is_a_share_of_what_the_largest_has_spent() -> None:
    runs = [made("a", "p", 0, 0.2, units=100), made("b", "p", 0, 0.2, units=200)]
    a = next(result for result in compare(runs) if result.arm == "a").over_resource
    assert dict(zip(a.x, a.median, strict=True))[0.5] == 0.2


def test_the_figure_draws_each_arm_over_time_and_over_resource() -> None:
    runs = [made(arm, "p", seed, 0.1 * (seed + 1)) for arm in ("a", "b") for seed in range(4)]
    drawn = comparison_figure(compare(runs), "p", "10 seconds")
    lines = [trace for trace in drawn.data if trace.name]
    assert [(trace.name, trace.xaxis) for trace in lines] == [
        ("a", "x"),
        ("a", "x2"),
        ("b", "x"),
        ("b", "x2"),
    ]
    assert [trace.name for trace in drawn.data if trace.showlegend] == ["a", "b"]
    assert lines[0].y[-1] == pytest.approx(0.2)
    assert min(lines[0].x) == pytest.approx(0.5)  # nothing is drawn before there is an incumbent
