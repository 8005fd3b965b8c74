"""CurveGP: Bayesian optimization that learns from where each learning curve will end; the options.

    scheduler=rung.FreezeThaw(max_resource=81), searcher=rung.CurveGP()

What it does stands in `live.py`.

References:
    Swersky, Snoek & Adams, Freeze-Thaw Bayesian Optimization, 2014.
"""

from typing import TYPE_CHECKING

import msgspec

from rung.core.objective import Objectives
from rung.core.space import Space
from rung.searchers.checks import check_count

if TYPE_CHECKING:
    from rung.searchers.curves.live import LiveCurveGP


class CurveGP(
    msgspec.Struct,
    frozen=True,
    tag="curve-gp",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
):
    """Suggest where a Gaussian process of extrapolated learning curves expects most at the end.

    Attributes:
        initial: How many quasi-random trials come first; None: as many as there are hyperparameters, 6 at least and
            20 at most.
        rows: Trials that the model is made of at most; its cost grows with their square.
    """

    initial: int | None = None
    rows: int = 200

    def __post_init__(self) -> None:
        check_count("CurveGP", "initial", self.initial, 2, optional=True)
        check_count("CurveGP", "rows", self.rows, 20, most=500)

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveCurveGP":
        """A live searcher."""
        from rung.searchers.curves.live import LiveCurveGP

        return LiveCurveGP(space, objectives, seed, self)
