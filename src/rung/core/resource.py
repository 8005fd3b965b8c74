"""Kinds of resource: what a unit of training is, and what the value of a trial at a resource means.

Also the one formula for rung levels that every halving scheduler uses.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import msgspec

from rung.core.errors import SpecError


class Steps(msgspec.Struct, frozen=True, tag="steps", tag_field="type", forbid_unknown_fields=True):
    """Training that goes on step by step; the value of a trial at `r` is its report at `r`.

    Attributes:
        unit: What a step is called in messages and plots: "epoch", "iteration", "round".
    """

    unit: str = "step"

    restarts: ClassVar[bool] = False  # each job begins at 0, whatever was done before
    averages: ClassVar[bool] = False  # the value at r is the mean over 1..r
    needs_checkpoint: ClassVar[bool] = True  # only a checkpoint (or the worker's memory) lets it go on


class Fraction(msgspec.Struct, frozen=True, tag="fraction", tag_field="type", forbid_unknown_fields=True):
    """A share of the data in whole units; nothing carries over, so every job trains from the start, in one call.

    Attributes:
        unit: What one unit is called: "percent", "batch of 1000 rows".
    """

    unit: str = "percent"

    restarts: ClassVar[bool] = True
    averages: ClassVar[bool] = False
    needs_checkpoint: ClassVar[bool] = False


class Replicates(msgspec.Struct, frozen=True, tag="replicates", tag_field="type", forbid_unknown_fields=True):
    """Independent repetitions (seeds, folds, instances); the value of a trial at `r` is the mean over 1..r.

    Attributes:
        unit: What one repetition is called: "fold", "seed", "instance".
    """

    unit: str = "fold"

    restarts: ClassVar[bool] = False
    averages: ClassVar[bool] = True
    needs_checkpoint: ClassVar[bool] = False


Resource = Steps | Fraction | Replicates


def levels(min_resource: int, max_resource: int, eta: int, bracket: int = 0) -> tuple[int, ...]:
    """Resources of a bracket's rungs, lowest first.

    They are `min_resource * eta**(bracket + k)` below `max_resource`, then `max_resource` itself.

    Args:
        min_resource: Level of the lowest rung of bracket 0, in the study's resource units; at least 1.
        max_resource: Level of the last rung; at least `min_resource`.
        eta: Reduction factor; about one trial in `eta` goes on to the next rung.
        bracket: How many levels are left out at the bottom.

    Raises:
        SpecError: If `eta` is below 2, `min_resource` is not in 1..`max_resource`, or the bracket is negative.

    Reference:
        Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, Algorithm 2.
    """
    check_levels(min_resource, max_resource, eta)
    if bracket < 0:
        raise SpecError(f"bracket must be at least 0, got {bracket}.")
    level = min_resource * eta**bracket
    found = []
    while level < max_resource:
        found.append(level)
        level *= eta
    return (*found, max_resource)


def check_levels(min_resource: int, max_resource: int, eta: int) -> None:
    """Raise the sentence that tells what is wrong with the three numbers of a halving scheduler."""
    check_count("max_resource", max_resource)
    check_count("min_resource", min_resource)
    if isinstance(eta, bool) or not isinstance(eta, int) or eta < 2:
        raise SpecError(
            f"eta must be an integer of at least 2, got {eta!r}. "
            "Use eta=3 as in the ASHA paper, or FIFO() if no trial should end early."
        )
    if min_resource > max_resource:
        raise SpecError(
            f"min_resource must be at most max_resource, got {min_resource} and {max_resource}. "
            "The first rung cannot lie above the last one."
        )


def check_count(name: str, value: object) -> None:
    """Raise unless `value` is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{name} must be a whole number of at least 1, got {value!r}.")


def check_given_levels(given: Sequence[int]) -> None:
    """Raise unless levels given by hand are rising whole numbers of at least 1."""
    for level in given:
        check_count("a rung level", level)
    if not given or any(low >= high for low, high in pairwise(given)):
        raise SpecError(f"rung levels must rise and there must be at least one, got {list(given)!r}.")
