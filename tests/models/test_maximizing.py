"""Maximizing over mixed spaces: the best point of functions whose maximum is known."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

import rung
from rung.models.maximizing import Box, Terrain, maximize, picked

Floats = npt.NDArray[np.float64]
SPACE = rung.Space(
    x=rung.Float(0.0, 1.0),
    y=rung.Float(1e-4, 1.0, log=True),
    n=rung.Int(1, 8),
    kind=rung.Choice({"a": {}, "b": {"z": rung.Float(0.0, 1.0)}, "c": {}}),
)


@dataclass
class Peak:
    """High at a point of numbers, highest for kind b, which opens z."""

    peak: Floats

    def values(self, X: Floats) -> Floats:
        return self.slopes(X)[0]

    def slopes(self, X: Floats) -> tuple[Floats, Floats]:
        columns = [0, 1, 2]
        off = X[:, columns] - self.peak[columns]
        gradient = np.zeros(X.shape)
        gradient[:, columns] = -2 * off
        z = np.where(np.isnan(X[:, 4]), 0.0, X[:, 4] - self.peak[4])
        gradient[:, 4] = -2 * z
        good = np.where(np.isnan(X[:, 4]), 0.0, 0.5)
        return good - (off**2).sum(axis=1) - z**2, gradient


PEAK = Peak(np.array([0.3141, 1.0, 0.5625, np.nan, 0.7777]))


def starts(seed: int = 0) -> Floats:
    return np.random.default_rng(seed).random((30, 5))


def test_numbers_choices_and_what_choices_open_are_found_together() -> None:
    U = starts()
    U[:, 3] = 0.1  # kind a everywhere
    x, value = maximize(Terrain.of(SPACE), PEAK, U, Box.whole(5), np.zeros((0, 5)))
    assert SPACE.decode(x[None])[0] == {
        "x": pytest.approx(0.3141),
        "y": 1.0,
        "n": 5,
        "kind": "b",
        "z": pytest.approx(0.7777),
    }
    assert value == pytest.approx(0.5)


def test_what_is_taken_is_not_returned_unless_nothing_else_is_there() -> None:
    space = rung.Space(n=rung.Int(1, 3))
    terrain, places = Terrain.of(space), (np.arange(3)[:, None] + 0.5) / 3

    @dataclass
    class Rising:
        def values(self, X: Floats) -> Floats:
            return X[:, 0]

        def slopes(self, X: Floats) -> tuple[Floats, Floats]:
            return X[:, 0], np.ones(X.shape)

    found = [
        space.decode(maximize(terrain, Rising(), places[:1], Box.whole(1), places[first:])[0][None])[0]["n"]
        for first in (3, 2, 1, 0)
    ]
    assert found == [3, 2, 1, 3]


def test_rules_between_hyperparameters_are_kept() -> None:
    space = rung.Space(x=rung.Float(0.0, 1.0), y=rung.Float(0.0, 1.0)).where("x + y <= 1")

    @dataclass
    class Corner:
        def values(self, X: Floats) -> Floats:
            total: Floats = X.sum(axis=1)
            return total

        def slopes(self, X: Floats) -> tuple[Floats, Floats]:
            return self.values(X), np.ones(X.shape)

    U = space.points(50, np.random.default_rng(0))
    x, value = maximize(Terrain.of(space), Corner(), U, Box.whole(2), np.zeros((0, 2)))
    assert space.allows(x[None]).all()
    assert 0.9 < value <= 1.0


def test_climbing_stays_in_its_box() -> None:
    box = Box(np.full(5, 0.4), np.full(5, 0.6))
    x, _ = maximize(Terrain.of(SPACE), PEAK, np.full((1, 5), 0.5), box, np.zeros((0, 5)))
    np.testing.assert_allclose(x[[0, 1, 4]], [0.4, 0.6, 0.6])


def test_picking_goes_nowhere_else() -> None:
    U = starts()
    x, value = picked(Terrain.of(SPACE), PEAK.values, U, np.zeros((0, 5)))
    X = SPACE.snapped(U)
    assert value == PEAK.values(X).max()
    np.testing.assert_array_equal(x, X[PEAK.values(X).argmax()])
