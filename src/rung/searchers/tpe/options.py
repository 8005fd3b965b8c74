"""TPE, the tree-structured Parzen estimator: what do the good trials have that the others have not?

The trials are split into the best few and the rest. Each group gives a density over the space, and the next trial
is, of some candidates drawn from that of the good ones, the one at which it exceeds the other the most. How trials of
uneven resource are split says `standings.py`, how densities are made `rung.models.parzen`.

References:
    Bergstra, Bardenet, Bengio & Kégl, Algorithms for Hyper-Parameter Optimization, NeurIPS 2011, section 4.
    Falkner, Klein & Hutter, BOHB: Robust and Efficient Hyperparameter Optimization at Scale, ICML 2018.
    Watanabe, Tree-Structured Parzen Estimator: Understanding Its Algorithm Components and Their Roles for Better
        Empirical Performance, 2023.
"""

from typing import TYPE_CHECKING

import msgspec

from rung.core.errors import SpecError
from rung.core.objective import Objectives
from rung.core.space import Space

if TYPE_CHECKING:
    from rung.searchers.tpe.live import LiveTPE


class TPE(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="tpe",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Try what is likely among the good trials and unlikely among the others.

    Attributes:
        initial: How much is trained before the densities suggest, in trainings as long as the longest one so far: ten
            trials that are trained to the end, or many more that are stopped early. Until then trials come from a
            Sobol sequence.
        candidates: Points that are drawn from the density of the good trials, of which the best is taken.
        good: Which part of the trials is good.
        good_max: How many trials are good at most.
        random: Which part of the suggestions comes from the Sobol sequence later, too, where trials are stopped early
            (a third in BOHB); where all are trained to the same resource none does.
    """

    initial: int = 10
    candidates: int = 24
    good: float = 0.15
    good_max: int = 25
    random: float = 0.5

    def __post_init__(self) -> None:
        for field in ("initial", "candidates", "good_max"):
            value = getattr(self, field)
            if type(value) is not int or value < 1:
                raise SpecError(
                    f"{field} of TPE must be an integer of at least 1, got {value!r}. Leave it out for the default."
                )
        for field in ("good", "random"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
                raise SpecError(
                    f"{field} of TPE must be a number from 0 to below 1, got {value!r}. Leave it out for the default."
                )

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveTPE":
        """A live searcher."""
        from rung.searchers.tpe.live import LiveTPE  # scipy is imported only where it is used

        return LiveTPE(self, space, seed)
