"""Transfer from earlier studies on other tasks, such as other data sets: the options. See `live.py`.

The studies are those of `warm_start`. Their losses need not be comparable with those of this study: only their order,
or their shape, is learned from.
"""

from typing import TYPE_CHECKING

import msgspec

from rung.core.errors import SpecError
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.searchers.transfer.earlier import check_one_objective

if TYPE_CHECKING:
    from rung.searchers.transfer.live import LiveTransfer
    from rung.searchers.transfer.models import Model


class _Transfer(
    msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, omit_defaults=True
):
    """What searchers that learn from earlier studies share."""

    @property
    def tries_defaults(self) -> bool:
        """What earlier studies say comes first."""
        return False

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveTransfer":
        """A live searcher.

        Raises:
            SpecError: If there are several objectives.
        """
        from rung.searchers.transfer.live import LiveTransfer

        check_one_objective(objectives, type(self).__name__)
        return LiveTransfer(space, seed, self._model(space, seed))

    def _model(self, space: Space, seed: int) -> "Model":
        raise NotImplementedError


class QuantileTransfer(_Transfer, frozen=True, tag="quantile-transfer"):
    """Learn by ranks where earlier studies were good, and then how this one departs from them.

    Works with many trials of many studies, whatever the scales of their losses.

    Reference:
        Salinas, Shen & Perrone, A Quantile-based Approach for Hyperparameter Transfer Learning, ICML 2020 (copula
        Thompson sampling before this study has results, a Gaussian process on what is left afterwards).
    """

    def _model(self, space: Space, seed: int) -> "Model":
        from rung.searchers.transfer.models import QuantileModel

        return QuantileModel(space, seed)


class RGPE(_Transfer, frozen=True, tag="rgpe"):
    """Weigh a Gaussian process of each earlier study by how well it orders the results of this one.

    Attributes:
        rows: Trials of each earlier study that are used at most.

    Reference:
        Feurer, Letham & Bakshy, Scalable Meta-Learning for Bayesian Optimization using Ranking-Weighted Gaussian
        Process Ensembles, AutoML workshop at ICML 2018.
    """

    rows: int = 100

    def __post_init__(self) -> None:
        _check_rows(self.rows, "RGPE", 100)

    def _model(self, space: Space, seed: int) -> "Model":
        from rung.searchers.transfer.models import EnsembleModel

        return EnsembleModel(space, self.rows)


class MultiTaskGP(_Transfer, frozen=True, tag="multi-task-gp"):
    """One Gaussian process over this and earlier studies, which learns how they are related.

    For few earlier studies with few trials each: its cost grows with the cube of all rows.

    Attributes:
        rows: Trials of each earlier study that are used at most.

    Reference:
        Swersky, Snoek & Adams, Multi-Task Bayesian Optimization, NeurIPS 2013.
    """

    rows: int = 40

    def __post_init__(self) -> None:
        _check_rows(self.rows, "MultiTaskGP", 40)

    def _model(self, space: Space, seed: int) -> "Model":
        from rung.searchers.transfer.models import MultiTaskModel

        return MultiTaskModel(space, self.rows)


def _check_rows(rows: object, owner: str, usual: int) -> None:
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 3:
        raise SpecError(f"rows of {owner} must be a whole number of at least 3, got {rows!r}. Use {usual}.")
