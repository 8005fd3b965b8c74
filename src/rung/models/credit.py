"""Credit for suggestions, and which of several sources of suggestions has earned the next one.

References:
    Garivier & Moulines, On Upper-Confidence Bound Policies for Switching Bandit Problems, ALT 2011, section 3.
"""

import math

import numpy as np

from rung.core.constraint import INFEASIBLE
from rung.core.history import Floats, HistoryView, Ints

GOOD = 0.1  # the share of earlier observations among which a trial earns credit


def credits_of(history: HistoryView, trials: Ints) -> Floats:
    """What trials have earned, each where it got furthest, by its place among what was observed there before it.

    1: better than all (of several objectives: none is as good in all). Then less, down to 0 for what is not among the
    best tenth, for what failed, and for what diverged. NaN: nothing is known yet. Takes O(trials * observations).

    Args:
        history: What is known.
        trials: Numbers of trials, increasing, shape (n,).
    """
    found = np.full(len(trials), np.nan)
    rows = _last_rows(history)[trials]
    known = np.flatnonzero(rows >= 0)
    keys = _ranked(history)
    for resource in np.unique(history.resources[rows[known]]):
        peers = np.flatnonzero(history.resources == resource)
        here = known[history.resources[rows[known]] == resource]
        found[here] = _places(keys, rows[here], peers)
    found[np.isin(trials, history.failed[:, 0])] = 0.0
    return found


def upper_bounds(members: Ints, earnings: Floats, n_members: int, memory: int, explore: float) -> Floats:
    """Upper bounds of the mean credits of members, shape (n_members,); inf for who was never asked.

    Args:
        members: Whose each suggestion was, oldest first, shape (n,).
        earnings: What each has earned, in 0..1; NaN where that is not known yet, which counts as asked, not as worth 0.
        n_members: How many there are.
        memory: A credit counts a third (1/e) after so many suggestions.
        explore: Width of the bounds.
    """
    weights = np.exp(-np.arange(len(members))[::-1] / memory)
    known = ~np.isnan(earnings)
    asked = np.bincount(members, weights, n_members)
    heard = np.bincount(members[known], weights[known], n_members)
    earned = np.bincount(members[known], weights[known] * earnings[known], n_members)
    width = explore * np.sqrt(2.0 * math.log(1.0 + float(asked.sum())) / np.maximum(asked, 1e-9))
    bounds: Floats = np.where(asked > 0, (earned + 0.5) / (heard + 1.0) + width, np.inf)
    return bounds


def _last_rows(history: HistoryView) -> Ints:
    """For each trial its observation at the highest resource; -1: there is none."""
    found = np.full(history.n_trials, -1)
    order = np.argsort(history.resources, kind="stable")
    found[history.trials[order]] = order
    return found


def _ranked(history: HistoryView) -> Floats:
    """Losses to rank by: what breaks a limit comes after all that keeps them, see `rung.core.constraint`."""
    broken = np.minimum(history.violations.sum(axis=1), 1e40)[:, None]
    losses = np.where(np.isnan(history.losses), np.inf, history.losses)
    return np.where((broken > 0) & np.isfinite(losses), INFEASIBLE * (1.0 + broken), losses)


def _places(keys: Floats, rows: Ints, peers: Ints) -> Floats:
    """The credit of observations among those of their peers that came before."""
    before = peers[None, :] < rows[:, None]
    no_worse = (keys[peers][None, :, :] <= keys[rows][:, None, :]).all(axis=2)
    better = (before & no_worse).sum(axis=1)
    among = np.maximum(GOOD * before.sum(axis=1), 1.0)
    credit = np.maximum(1.0 - better / among, 0.0)
    return np.where(np.isfinite(keys[rows]).all(axis=1), credit, 0.0)
