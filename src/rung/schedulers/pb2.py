"""PB2, population-based bandits: the configuration of a child comes from a model of what improves training, and when.

Every stretch of training that was observed gives a row: the configuration, the resource and the loss at which it began,
and by how much the loss changed in a unit from there. A Gaussian process learns the change. The child gets the
configuration whose change may well be the best, from where it begins; what is under way counts as if the mean had been
observed, so that children differ. Its memory fades: rows of an earlier part of training say less and less.

As a choice without order opens layers or optimizers whose weights cannot be taken over, it stays as it is in the trial
that is copied, also in departure from PB2-Mix, which draws it by a bandit of its own. Time enters by a Matérn kernel
whose length is learned, where the paper takes `(1 - epsilon)**(|t - t'| / 2)`, the roughest of that family.

References:
    Parker-Holder, Nguyen & Roberts, Provably Efficient Online Hyperparameter Optimization with Population-Based
    Bandits, NeurIPS 2020, algorithm 2, section 3.
    Parker-Holder, Nguyen, Desai & Roberts, Tuning Mixed Input Hyperparameters on the Fly for Efficient Population Based
    AutoRL, NeurIPS 2021 (choices).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from rung.core.errors import SpecError
from rung.core.history import Floats, HistoryView, Ints
from rung.core.rng import Rng
from rung.core.space import Choice, Config, Space
from rung.schedulers.explore import Copied, Perturb

if TYPE_CHECKING:
    from rung.models.gp import GP
    from rung.models.kernels import Dimension

MOST = 100  # rows that a model is made of, the latest ones
STEPS = 25  # of a fit
WIDE, NEAR = 256, 128  # points tried anywhere, and in each round around the best so far
LENGTHS = (0.2, 0.1, 0.05, 0.02)  # of the steps of these rounds


class PB2(
    msgspec.Struct,
    frozen=True,
    tag="pb2",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
    repr_omit_defaults=True,
):
    """Explore where a model of the population expects the loss to fall fastest.

    Attributes:
        initial: Observed stretches of training before the model is asked; until then as `Perturb` does.
    """

    initial: int = 8

    def __post_init__(self) -> None:
        if type(self.initial) is not int or self.initial < 2:
            raise SpecError(f"initial of PB2 must be an integer of at least 2, got {self.initial!r}. Use 8.")

    def explore(self, copied: Copied, history: HistoryView, rng: Rng) -> Config:
        """See `Explore`."""
        rows = stretches(history, copied.target - copied.resource)
        if len(rows.changes) < self.initial or not copied.space.columns:
            return Perturb().explore(copied, history, rng)
        point = _best_point(rows, copied, history, rng("explore", history.n_trials))
        return copied.space.decode(point[None])[0]


@dataclass(frozen=True, slots=True)
class Stretches:
    """Parts of trainings.

    Attributes:
        points: Their configurations in the unit cube, shape (n, d), NaN where inactive.
        starts: The resources at which they begin, shape (n,).
        losses: The losses there, shape (n,).
        changes: By how much the loss changed in a unit, shape (n,).
    """

    points: Floats
    starts: Floats
    losses: Floats
    changes: Floats


def stretches(history: HistoryView, interval: int) -> Stretches:
    """The latest parts of trainings, each from an observation to the next that is about an interval later."""
    rows = _thinned(history, interval)
    trials, resources, losses = history.trials[rows], history.resources[rows], history.losses[rows, 0]
    pairs = np.flatnonzero((np.diff(trials) == 0) & np.isfinite(losses[1:]) & np.isfinite(losses[:-1]))
    pairs = pairs[np.argsort(rows[pairs + 1], kind="stable")]  # by when they ended
    pairs = pairs[~np.isnan(history.encoded[trials[pairs]]).all(axis=1)][-MOST:]
    units = resources[pairs + 1] - resources[pairs]
    return Stretches(
        history.encoded[trials[pairs]],
        resources[pairs].astype(np.float64),
        losses[pairs],
        (losses[pairs + 1] - losses[pairs]) / units,
    )


def _thinned(history: HistoryView, interval: int) -> Ints:
    """Observations by trial and resource: the first of each trial, and the last in each interval."""
    order = np.lexsort([history.resources, history.trials])
    trials, resources = history.trials[order], history.resources[order]
    first = np.diff(trials, prepend=-1) != 0
    number = (resources - 1) // max(interval, 1)
    last = np.append((np.diff(trials) != 0) | (np.diff(number) != 0), True)[: len(order)]
    found: Ints = order[first | last]
    return found


def _best_point(rows: Stretches, copied: Copied, history: HistoryView, rng: np.random.Generator) -> Floats:
    """The point of the lowest bound on the change, in rounds closer and closer around the best so far."""
    from rung.models.acquisition import upper_confidence_bound

    gp, begins = _model(rows, copied, history)
    origin = _origin(copied, rng)
    points = _allowed(copied.space, _held(copied.space, rng.random((WIDE, len(origin))), origin), origin)
    best, worth = origin, -np.inf
    for length in (*LENGTHS, 0.0):
        worths = upper_confidence_bound(
            *gp.predict(np.column_stack([points, np.tile(begins, (len(points), 1))]))
        )[0]
        if worths.max() > worth:
            best, worth = points[int(np.argmax(worths))], float(worths.max())
        around = np.where(np.isnan(best), rng.random(len(best)), best)
        moved = np.clip(around + length * rng.standard_normal((NEAR, len(best))), 0.0, 1.0)
        points = _allowed(copied.space, _held(copied.space, moved, origin), origin)
    return best


def _model(rows: Stretches, copied: Copied, history: HistoryView) -> "tuple[GP, Floats]":
    """What is believed of changes with those under way, and the columns that say where the child begins."""
    from rung.models.gp import fit, usual_starts
    from rung.models.kernels import Dimension, Product, Stationary
    from rung.models.warp import fit_warp

    d, length = rows.points.shape[1], max(float(rows.starts.max()), float(copied.resource), 1.0)
    level, change = fit_warp(rows.losses), fit_warp(rows.changes)
    one = (Dimension(),)
    kernel = Product(
        (
            Stationary(_dimensions(copied.space)),
            Stationary(one, "matern32", d),
            Stationary(one, "matern52", d + 1),
        )
    )
    X = np.column_stack([rows.points, rows.starts / length, level(rows.losses)])
    gp = fit(X, change(rows.changes), kernel, starts=usual_starts(kernel)[:1], max_steps=STEPS)
    begins = np.array([copied.resource / length, float(level(_loss_of(copied, history))[0])])
    running = history.encoded[[trial for trial in sorted(history.pending) if trial < history.n_trials]]
    running = running[~np.isnan(running).all(axis=1)]
    return gp.fantasized(np.column_stack([running, np.tile(begins, (len(running), 1))])), begins


def _dimensions(space: Space) -> "tuple[Dimension, ...]":
    from rung.models.kernels import Dimension

    return tuple(
        Dimension(int(column.n_values) if held else None, column.parent is not None)
        for column, held in zip(space.columns, _unordered(space), strict=True)
    )


def _loss_of(copied: Copied, history: HistoryView) -> Floats:
    """The loss of the copied trial where the child begins, or before; that of everybody if it was not observed."""
    known = (history.trials == copied.trial) & (history.resources <= copied.resource)
    losses = history.losses[known, 0]
    losses = losses[np.isfinite(losses)]
    return losses[-1:] if len(losses) else np.array([np.median(history.losses[np.isfinite(history.losses)])])


def _origin(copied: Copied, rng: np.random.Generator) -> Floats:
    """The copied configuration as a point, NaN where inactive; a random one if it does not fit the space any more."""
    fits = copied.space.contains(copied.config)
    points: Floats = copied.space.encode([copied.config]) if fits else copied.space.points(1, rng)
    point: Floats = points[0]
    return point


def _held(space: Space, U: Floats, origin: Floats) -> Floats:
    """Points with the choices without order as they are at the origin, as far as they are active there."""
    return np.where(_unordered(space) & ~np.isnan(origin), origin, U)


def _allowed(space: Space, U: Floats, origin: Floats) -> Floats:
    """Points as they would be decoded, without those that break a rule; the origin if nothing is left."""
    points = space.snapped(U)
    points = points[space.allows(points)]
    return points if len(points) else origin[None]


def _unordered(space: Space) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    kinds = [column.parameter for column in space.columns]
    return np.array([isinstance(kind, Choice) and not kind.ordered for kind in kinds], np.bool_)
