"""One model made of models of several levels of resource, each as good as it ranks what is known at the highest.

Reference:
    Li et al., Hyper-Tune: Towards Efficient Hyper-Parameter Tuning at Scale, VLDB 2022, section 4.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rung.models.gp import GP
from rung.models.kernels import Floats


@dataclass(frozen=True, slots=True)
class Ensemble:
    """A weighted mean of models of the same, standardized losses; see `rung.models.scores.Model`.

    Attributes:
        models: The models.
        weights: What each counts, shape (k,), sums to 1.
    """

    models: Sequence[GP]
    weights: Floats

    def predict(self, A: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation at points, shape (m,) each; models err independently (MFES-HB, eq. 4)."""
        found = [model.predict(A) for model in self.models]
        mean = sum(w * m for w, (m, _) in zip(self.weights, found, strict=True))
        variance = sum(w**2 * s**2 for w, (_, s) in zip(self.weights, found, strict=True))
        return np.asarray(mean), np.sqrt(np.asarray(variance))

    def slopes(self, A: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """The same and their gradients for the points, shape (m, d) each."""
        found = [model.slopes(A) for model in self.models]
        mean, variance = np.zeros(len(A)), np.zeros(len(A))
        d_mean, d_variance = np.zeros_like(A), np.zeros_like(A)
        for w, (m, s, dm, ds) in zip(self.weights, found, strict=True):
            mean, variance = mean + w * m, variance + w**2 * s**2
            d_mean, d_variance = d_mean + w * dm, d_variance + 2 * w**2 * s[:, None] * ds
        std = np.sqrt(variance)
        return mean, std, d_mean, d_variance / (2 * std[:, None])

    def expecting(self, A: Floats) -> "Ensemble":
        """As if each model had observed its mean at points."""
        return Ensemble([model.fantasized(A) for model in self.models], self.weights)
