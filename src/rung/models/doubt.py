"""Observations of unequal noise: a kernel that reads the variance of each from a column after those of the points.

    kernel = Doubted(Stationary(dimensions), column=len(dimensions))
    gp = fit(with_doubt(X, variances), y, kernel)
    mean, std = gp.predict(with_doubt(candidates))

The variances are in units of the variance of the function (`Parameters.scale`), which is about 1 for standardized
values.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rung.models.kernels import Against, Floats, Kernel, Prior, Pullback


@dataclass(frozen=True, slots=True)
class Doubted:
    """Another kernel, plus at each point a variance that it shares with no other.

    Attributes:
        kernel: Of all other columns.
        column: Where the variances stand.
    """

    kernel: Kernel
    column: int

    @property
    def n_parameters(self) -> int:
        """Those of the other kernel."""
        return self.kernel.n_parameters

    @property
    def prior(self) -> Prior:
        """That of the other kernel."""
        return self.kernel.prior

    def on(self, X: Floats) -> Callable[[Floats], tuple[Floats, Pullback]]:
        """See `Kernel`."""
        evaluate, doubts = self.kernel.on(X), np.diag(X[:, self.column])

        def evaluated(theta: Floats) -> tuple[Floats, Pullback]:
            K, pullback = evaluate(theta)
            return K + doubts, pullback

        return evaluated

    def against(self, theta: Floats, X: Floats) -> Against:
        """See `Kernel`: other points share none of the variances."""
        return self.kernel.against(theta, X)

    def diagonal(self, theta: Floats, A: Floats) -> Floats:
        """See `Kernel`."""
        return self.kernel.diagonal(theta, A) + A[:, self.column]


def with_doubt(X: Floats, variances: Floats | float = 0.0) -> Floats:
    """Points, shape (m, d), with a variance each after their columns."""
    return np.column_stack([X, np.broadcast_to(np.asarray(variances, np.float64), len(X))])
