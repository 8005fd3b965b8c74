"""Configurations around elites: the distributions by hand and against SciPy's."""

import numpy as np
import pytest
from scipy import stats

from rung.core.history import History
from rung.core.space import Choice, Config, Float, Int, Space
from rung.schedulers.elites import Breeding, Step, draw_near, draw_option, odds, weights

SPACE = Space(
    {
        "x": Float(0.0, 1.0),
        "n": Int(1, 4),
        "kind": Choice({"a": {}, "b": {"beta": Float(0.0, 1.0)}, "c": {}}),
        "size": Choice([16, 32, 64], ordered=True),
    }
)
KIND, BETA = (next(c for c in SPACE.columns if c.name == name) for name in ("kind", "beta"))


def history(*configs: Config) -> History:
    found = History(SPACE, 1)
    for config in configs:
        found.add_trial(config)
    return found


def config(kind: str, **other: float) -> Config:
    return {"x": 0.3, "n": 2, "kind": kind, "size": 32, **other}


def test_the_best_elite_is_the_most_likely_parent() -> None:
    assert weights(3).tolist() == pytest.approx([3 / 6, 2 / 6, 1 / 6])
    breeding = Breeding(0)
    breeding.begin(1, 3, [], 5)
    breeding.begin(2, 3, [7, 4, 9], 6000)
    parents = [breeding.parent(index) for index in range(6000)]
    assert [parents.count(elite) / 6000 for elite in (7, 4, 9)] == pytest.approx(
        [0.5, 1 / 3, 1 / 6], abs=0.02
    )
    assert breeding.parent(6000) is None  # whom nobody has planned has no parent


@pytest.mark.parametrize(("center", "spread"), [(0.5, 0.1), (0.02, 0.3), (1.0, 0.05), (0.4, 5.0)])
def test_numbers_are_drawn_from_a_truncated_normal_distribution(center: float, spread: float) -> None:
    u = np.linspace(0.001, 0.999, 50)
    known = stats.truncnorm(-center / spread, (1 - center) / spread, center, spread)
    assert draw_near(center, spread, u) == pytest.approx(known.ppf(u))


def test_a_narrow_distribution_stays_in_the_interval_and_an_inactive_place_is_drawn_anywhere() -> None:
    u = np.array([0.0, 1e-300, 0.5, 1 - 1e-16, 1.0])
    for center in (0.0, 0.25, 1.0):
        found = draw_near(center, 1e-9, u)
        assert ((found >= 0) & (found <= 1)).all()
        assert found[2] == pytest.approx(center, abs=1e-8)
    assert draw_near(np.nan, 0.1, u).tolist() == u.tolist()


def test_the_option_of_the_elite_gains_from_race_to_race() -> None:
    """Three options, four races, by hand: shifts of 1/4, 2/4, ... towards what each ancestor had."""
    encoded = history(config("a"), config("b", beta=0.5)).view().encoded
    shift = [Step(1, 1 / 4, restarted=False), Step(1, 2 / 4, restarted=False)]
    assert odds(KIND, [], encoded) == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    assert odds(KIND, shift[:1], encoded) == pytest.approx([1 / 4, 1 / 2, 1 / 4])
    cap = 0.2 ** (1 / 5)  # five columns; 3/4 is above it
    raw = np.array([1 / 8, min(3 / 4, cap), 1 / 8])
    assert odds(KIND, shift, encoded) == pytest.approx(raw / raw.sum())
    restarted = [Step(1, 1 / 4, restarted=True)]
    soft = 0.9 * np.array([1 / 4, 1 / 2, 1 / 4]) + 0.1 * 0.5
    assert odds(KIND, restarted, encoded) == pytest.approx(soft / soft.sum())


def test_an_option_is_drawn_as_often_as_its_probability_says() -> None:
    u = (np.arange(1000) + 0.5) / 1000
    places = draw_option(np.array([0.2, 0.7, 0.1]), u)
    assert [int((places == place).sum()) for place in (1 / 6, 3 / 6, 5 / 6)] == [200, 700, 100]


def test_what_is_not_active_in_the_parent_changes_no_odds() -> None:
    space = Space({"kind": Choice({"a": {}, "b": {"how": Choice(["p", "q"])}})})
    found = History(space, 1)
    found.add_trial({"kind": "a"})
    how = next(column for column in space.columns if column.name == "how")
    assert odds(how, [Step(0, 0.5, restarted=False)], found.view().encoded) == pytest.approx([0.5, 0.5])


def test_new_configurations_fit_the_space_and_narrow_around_their_parents() -> None:
    breeding, known = Breeding(3), history(config("b", beta=0.5), config("a"))
    breeding.begin(1, 4, [], 10)
    widths = []
    for race in (2, 3, 4):
        breeding.begin(race, 4, [0, 1], 60)
        drawn = [breeding.config(index, SPACE, known) for index in range(60)]
        assert all(SPACE.contains(each) for each in drawn)
        assert {"a", "b"} <= {each["kind"] for each in drawn}
        assert all(("beta" in each) == (each["kind"] == "b") for each in drawn)
        widths.append(np.std([float(each["x"]) for each in drawn]))  # type: ignore[arg-type]
    assert widths[1] / widths[0] == pytest.approx(60 ** (-1 / 5), rel=0.25)
    assert widths[2] / widths[1] == pytest.approx(60 ** (-1 / 5), rel=0.25)


def test_what_is_drawn_follows_from_what_is_known_whoever_asks_first() -> None:
    """After a restart the races before are drawn again, to know which of them were restarted softly."""

    def bred() -> Breeding:
        breeding = Breeding(3)
        breeding.begin(1, 4, [], 10)
        breeding.begin(2, 4, [0, 1], 30)
        breeding.enter(2, 5)
        breeding.begin(3, 4, [2, 0], 30)
        return breeding

    known = history(config("b", beta=0.5), config("a"), config("c"))
    lived = Breeding(3)
    lived.begin(1, 4, [], 10)
    lived.begin(2, 4, [0, 1], 30)
    lived.config(5, SPACE, known)
    lived.enter(2, 5)
    lived.begin(3, 4, [2, 0], 30)
    ahead = [lived.config(index, SPACE, known) for index in range(30)]
    assert [bred().config(index, SPACE, known) for index in (29, 0, 4)] == [ahead[29], ahead[0], ahead[4]]


def test_when_candidates_come_out_alike_the_race_draws_anew_from_wider_distributions() -> None:
    """Seven races of 100 candidates narrow a half to 5e-8, where candidates are hardly told apart."""
    space = Space({"x": Float(0.0, 1.0), "kind": Choice(["a", "b"])})
    known = History(space, 1)
    known.add_trial({"x": 0.5, "kind": "a"})
    converged, fresh = Breeding(0), Breeding(0)
    converged.begin(1, 9, [], 5)
    for race in range(2, 9):  # each by 100 ** (1 / 2)
        converged.begin(race, 9, [0], 100)
    fresh.begin(1, 9, [], 5)
    fresh.begin(8, 9, [0], 100)
    drawn = [converged.config(index, space, known) for index in range(100)]
    values = np.array([float(each["x"]) for each in drawn])  # type: ignore[arg-type]
    assert 1e-6 < values.std() < 1e-3  # two races back, where it would be below 1e-7
    assert len(set(values)) > 90
    widest = np.std([float(fresh.config(index, space, known)["x"]) for index in range(100)])  # type: ignore[arg-type]
    assert widest == pytest.approx(0.05, rel=0.3)
