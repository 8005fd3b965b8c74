"""MOBSTER: Bayesian optimization that learns from trials at every resource, with one model of both; the options.

    scheduler=rung.ASHA(max_resource=81), searcher=rung.MOBSTER()

What the model is stands in `levels.py`; all else is as in `rung.searchers.gaussian.options`.

Reference:
    Klein, Tiao, Lienart, Archambeau & Seeger, Model-based Asynchronous Hyperparameter and Neural Architecture Search,
    2020, sections 3.2 and 4.
"""

from typing import TYPE_CHECKING

import msgspec

from rung.core.errors import SpecError
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.searchers.checks import check_count

if TYPE_CHECKING:
    from rung.searchers.gaussian.live import LiveGP


class MOBSTER(
    msgspec.Struct,
    frozen=True,
    tag="mobster",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
):
    """Suggest where a Gaussian process over configuration and resource expects most at the highest resource.

    Attributes:
        initial: How many quasi-random trials come first; None: as many as there are hyperparameters, 6 at least and
            20 at most.
        rows: Observations that the model is made of at most; its cost grows with their square.
        prior_weight: How many observations the user's priors weigh as much as.
    """

    initial: int | None = None
    rows: int = 300
    prior_weight: float = 10.0

    def __post_init__(self) -> None:
        check_count("MOBSTER", "rows", self.rows, 20, most=500)
        check_count("MOBSTER", "initial", self.initial, 1, optional=True)
        number = isinstance(self.prior_weight, int | float) and not isinstance(self.prior_weight, bool)
        if not number or not 0 <= self.prior_weight <= 1e6:
            raise SpecError(
                f"prior_weight of MOBSTER must be a number from 0 to 1e6, got {self.prior_weight!r}. Use 10."
            )

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveGP":
        """A live searcher."""
        from rung.searchers.gaussian.levels import AllLevels
        from rung.searchers.gaussian.live import LiveGP
        from rung.searchers.gaussian.options import GP

        options = GP(initial=self.initial, prior_weight=self.prior_weight)
        return LiveGP(space, objectives, seed, options, AllLevels(self.rows))
