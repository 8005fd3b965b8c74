"""MFES, a multi-fidelity ensemble of surrogates: a Gaussian process for each level of resource; the options.

    scheduler=rung.HyperTune(max_resource=81), searcher=rung.MFES()

What it does stands in `live.py`.

References:
    Li et al., MFES-HB: Efficient Hyperband with Multi-Fidelity Quality Measurements, AAAI 2021.
    Li et al., Hyper-Tune: Towards Efficient Hyper-Parameter Tuning at Scale, VLDB 2022, section 4.3.
"""

from typing import TYPE_CHECKING

import msgspec

from rung.core.objective import Objectives
from rung.core.space import Space
from rung.searchers.checks import check_count

if TYPE_CHECKING:
    from rung.searchers.mfes.live import LiveMFES


class MFES(
    msgspec.Struct,
    frozen=True,
    tag="mfes",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
):
    """Suggest where models of all levels, weighted by how well they rank trials of the highest, expect most.

    Attributes:
        initial: How many quasi-random trials come first; None: as many as there are hyperparameters, 6 at least and
            20 at most.
    """

    initial: int | None = None

    def __post_init__(self) -> None:
        check_count("MFES", "initial", self.initial, 2, optional=True)

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveMFES":
        """A live searcher.

        Raises:
            SpecError: If there are several objectives.
        """
        from rung.searchers.mfes.live import LiveMFES

        return LiveMFES(space, objectives, seed, self.initial)
