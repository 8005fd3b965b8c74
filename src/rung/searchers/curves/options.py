"""CurveGP: Bayesian optimization that learns from where each learning curve will end; the options.

    scheduler=rung.FreezeThaw(max_resource=81), searcher=rung.CurveGP()

What it does stands in `live.py`.

References:
    Swersky, Snoek & Adams, Freeze-Thaw Bayesian Optimization, 2014.
"""

from typing import TYPE_CHECKING

import msgspec

from rung.core.errors import SpecError
from rung.core.objective import Objectives
from rung.core.space import Space

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
        if self.initial is not None and (type(self.initial) is not int or self.initial < 2):
            raise SpecError(
                f"initial of CurveGP must be an integer of at least 2, got {self.initial!r}. Leave it out."
            )
        if type(self.rows) is not int or not 20 <= self.rows <= 500:
            raise SpecError(f"rows of CurveGP must be an integer from 20 to 500, got {self.rows!r}. Use 200.")

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveCurveGP":
        """A live searcher."""
        from rung.searchers.curves.live import LiveCurveGP

        return LiveCurveGP(space, objectives, seed, self)
