"""Exploring: the configuration with which the child of a copied trial goes on; the seam of PBT that a model may fill.

It is asked once for each child. It gets what is known of all trials, and randomness by address, and keeps nothing that
it could not do without: the same history gives the same configuration, so that a resumed study explores alike.

Reference:
    Jaderberg et al., Population Based Training of Neural Networks, 2017, section 3 and appendix A (perturb, resample).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np

from rung.core.errors import SpecError
from rung.core.history import Floats, HistoryView
from rung.core.rng import Rng
from rung.core.scale import Scalar, bins
from rung.core.space import Choice, Column, Config, Float, Int, Space

ATTEMPTS = 100  # at a child that keeps the rules of the space


@dataclass(frozen=True, slots=True)
class Copied:
    """The trial from whose checkpoint a child will go on.

    Attributes:
        trial: Its number.
        config: Its configuration; it lies outside the space where that was narrowed since.
        resource: Where the child begins.
        space: The present space; the child's configuration must fit it.
        target: To where the child will be trained before it is compared.
    """

    trial: int
    config: Mapping[str, Scalar]
    resource: int
    space: Space
    target: int


class Explore(Protocol):
    """Makes the configuration of a child."""

    def explore(self, copied: Copied, history: HistoryView, rng: Rng) -> Config:
        """The configuration of trial `history.n_trials`.

        Args:
            copied: Whom it copies.
            history: What is known of all trials.
            rng: `rng("explore", history.n_trials)` is a generator for this child.
        """
        ...


class Perturb(
    msgspec.Struct,
    frozen=True,
    tag="perturb",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
    repr_omit_defaults=True,
):
    """Move every hyperparameter a little, or draw it anew.

    A number is multiplied by one of the factors and kept in its range, also where its range is logarithmic. A whole
    number and one with steps moves to another value at least, an ordered choice to a neighbour. A choice that is not
    ordered stays unless it is drawn anew. What a choice opens newly is drawn.

    Attributes:
        factors: What numbers are multiplied by, one at random.
        resample: The chance of a hyperparameter to be drawn anew from its range.
    """

    factors: tuple[float, ...] = (0.8, 1.2)
    resample: float = 0.25

    def __post_init__(self) -> None:
        if not self.factors or not all(
            math.isfinite(each) and each > 0 and each != 1 for each in self.factors
        ):
            raise SpecError(
                f"factors must be positive numbers other than 1, got {list(self.factors)}. Write (0.8, 1.2)."
            )
        if not 0 <= self.resample <= 1:
            raise SpecError(f"resample is a chance from 0 to 1, got {self.resample!r}. The paper takes 0.25.")

    def explore(self, copied: Copied, history: HistoryView, rng: Rng) -> Config:
        """See `Explore`."""
        generator, space = rng("explore", history.n_trials), copied.space
        for _ in range(ATTEMPTS):
            points = self._moved(copied, generator)[np.newaxis]
            if space.allows(points)[0]:
                return space.decode(points)[0]
        return dict(copied.config) if space.contains(copied.config) else space.sample(1, generator)[0]

    def _moved(self, copied: Copied, generator: np.random.Generator) -> Floats:
        """The point of a child, which may break a rule of the space."""
        columns = copied.space.columns
        point = generator.random(len(columns))
        anew = generator.random(len(columns)) < self.resample
        factors = generator.choice(self.factors, len(columns)).tolist()
        for column, value in _known(copied).items():
            if not anew[column]:
                of = columns[column]
                moved = perturbed(of, value, factors[column])
                point[column] = of.scale.encode([moved])[0]
        return point


def perturbed(column: Column, value: Scalar, factor: float) -> Scalar:
    """The value of a hyperparameter moved by a factor, above or below 1; within its range, also if it was outside."""
    parameter = column.parameter
    match parameter:
        case Float(step=None):
            return min(max(float(_number(value)) * factor, parameter.low), parameter.high)
        case Float(low=low, step=step) | Int(low=low, step=step):
            return _stepped(column, float(_number(value)), factor, low, step or 1)
        case Choice(ordered=ordered):
            options = column.scale.axis(None)
            place = _option(column, value) + _sign(factor - 1) * ordered
            return options.value(min(max(place, 0), options.size - 1))


def _stepped(column: Column, value: float, factor: float, low: float, step: float) -> Scalar:
    """The nearest level to value * factor, but at least one further than the value."""
    levels = column.scale.axis(None)
    up = _sign(value * factor - value) or _sign(factor - 1)
    here, there = (value - low) / step, (value * factor - low) / step
    nearest = (
        max(round(there), math.floor(here + 1e-9) + 1)
        if up > 0
        else min(round(there), math.ceil(here - 1e-9) - 1)
    )
    return levels.value(min(max(nearest, 0), levels.size - 1))


def _known(copied: Copied) -> dict[int, Scalar]:
    """By column, the values of the copied trial that still mean something in the space."""
    found: dict[int, Scalar] = {}
    for column in copied.space.columns:  # a choice stands before what it opens
        if column.name in copied.config and _is_active(column, copied.space, found):
            value = copied.config[column.name]
            if not isinstance(column.parameter, Choice) or column.scale.fault(value) is None:
                found[column.index] = value
    return found


def _is_active(column: Column, space: Space, known: Mapping[int, Scalar]) -> bool:
    if column.parent is None:
        return True
    if column.parent not in known:
        return False
    return _option(space.columns[column.parent], known[column.parent]) == column.option


def _option(choice: Column, value: Scalar) -> int:
    """The number of an option."""
    return int(bins(choice.scale.encode([value]), choice.scale.axis(None).size)[0])


def _number(value: Scalar) -> float:
    assert isinstance(value, int | float)  # a Float or an Int never becomes anything else
    return value


def _sign(x: float) -> int:
    return (x > 0) - (x < 0)
