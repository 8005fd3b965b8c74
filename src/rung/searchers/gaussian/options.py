"""Bayesian optimization with a Gaussian process: the options. What it does with them stands in `live.py`.

References:
    Jones, Schonlau & Welch, Efficient Global Optimization of Expensive Black-Box Functions, 1998.
    Snoek, Larochelle & Adams, Practical Bayesian Optimization of Machine Learning Algorithms, NeurIPS 2012.
"""

import math
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from rung.core.errors import SpecError
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.searchers.checks import check_count

if TYPE_CHECKING:
    from rung.searchers.gaussian.live import LiveGP

Acquisition = Literal["log_ei", "ei", "pi", "ucb", "thompson"]
Form = Literal["matern52", "matern32", "rbf"]
Front = Literal["hypervolume", "chebyshev"]

MOST_MODELLED = 3  # objectives; the boxes that a hypervolume is made of become too many


class GP(
    msgspec.Struct,
    frozen=True,
    tag="gp",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
):
    """Suggest where a Gaussian process expects the largest improvement.

    Attributes:
        acquisition: What makes a point worth a trial: `log_ei`, the expected improvement by its logarithm; `ei`, the
            same as it comes out in floating point; `pi`, the probability of an improvement; `ucb`, how good a point
            may well be; `thompson`, a function drawn from the model.
        kernel: How smooth losses are taken to be.
        initial: How many quasi-random trials come first; None: four more than there are hyperparameters, at most 20.
        cost_weight: The power of training time by which gains are divided; 1: improvement per second, 0: time does not
            count.
        prior_weight: How many observations the user's priors weigh as much as.
        front: What makes a point worth a trial with several objectives: `hypervolume`, by how much it is expected to
            extend their front, with a model of each; `chebyshev`, what is expected of one random mixture of them after
            the other. None: the first for two and three objectives and `log_ei`, else the second.
    """

    acquisition: Acquisition = "log_ei"
    kernel: Form = "matern52"
    initial: int | None = None
    cost_weight: float = 0.0
    prior_weight: float = 10.0
    front: Front | None = None

    def __post_init__(self) -> None:
        _check_one_of("acquisition", self.acquisition, get_args(Acquisition))
        _check_one_of("kernel", self.kernel, get_args(Form))
        check_count("a GP", "initial", self.initial, 1, optional=True)
        _check_weight("cost_weight", self.cost_weight, "Use 1 for improvement per second.")
        _check_weight("prior_weight", self.prior_weight, "Use 10, or 0 to ignore the priors.")
        if self.front is not None:
            _check_one_of("front", self.front, get_args(Front))
        if self.front == "hypervolume" and self.acquisition != "log_ei":
            raise SpecError(
                f"front='hypervolume' of a GP is an expected improvement, got acquisition={self.acquisition!r}. "
                "Leave out the acquisition, or use front='chebyshev'."
            )

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveGP":
        """A live searcher."""
        from rung.searchers.gaussian.live import LiveGP

        if self.front == "hypervolume" and len(objectives) > MOST_MODELLED:
            raise SpecError(
                f"front='hypervolume' of a GP takes {MOST_MODELLED} objectives at most, got {len(objectives)}. "
                "Use front='chebyshev', or leave it out."
            )
        return LiveGP(space, objectives, seed, self)

    def models_each(self, objectives: Objectives) -> bool:
        """Whether each of some objectives has a model of its own."""
        if not 1 < len(objectives) <= MOST_MODELLED or self.acquisition != "log_ei":
            return False
        return self.front != "chebyshev"


def _check_one_of(field: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SpecError(f"{field} of a GP must be one of {', '.join(known)}, got {value!r}. Take one.")


def _check_weight(field: str, value: object, advice: str) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and 0 <= value < math.inf):  # type: ignore[operator]  # a number, as was asked
        raise SpecError(f"{field} of a GP must be a finite number of at least 0, got {value!r}. {advice}")
