"""How tasks are related: the kernel between tasks of a multi-task Gaussian process.

The intrinsic coregionalization model (ICM): the covariance of two results is that of their points times that of their
tasks. Here the matrix between tasks is of rank one beside its diagonal, and its diagonal is 1, so that each task has
one parameter: how far it moves together with what is common. One that is 0 shares nothing; two of opposite sign are
opposites of each other.

References:
    Bonilla, Chai & Williams, Multi-task Gaussian Process Prediction, NeurIPS 2007.
    Swersky, Snoek & Adams, Multi-Task Bayesian Optimization, NeurIPS 2013.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rung.models.kernels import Floats, Ints, Prior, Pullback

RELATED = 1.0  # of a parameter before data: tanh(1)² = 0.58 is the correlation of two tasks


@dataclass(frozen=True)
class Between:
    """The kernel between tasks; the parameters are read through tanh.

    Attributes:
        n_tasks: How many there are.
        column: Where the number of its task stands in a point.
    """

    n_tasks: int
    column: int

    @property
    def n_parameters(self) -> int:
        """One for each task."""
        return self.n_tasks

    @property
    def prior(self) -> Prior:
        """Tasks are taken to be related."""
        return Prior(np.full(self.n_tasks, RELATED), np.full(self.n_tasks, 0.75))

    def on(self, X: Floats) -> Callable[[Floats], tuple[Floats, Pullback]]:
        """See `Kernel`."""
        tasks = self.numbers(X)
        same = tasks[:, None] == tasks[None, :]

        def evaluate(theta: Floats) -> tuple[Floats, Pullback]:
            shares = np.tanh(theta)
            of_rows = shares[tasks]

            def pullback(W: Floats) -> Floats:
                apart = np.where(same, 0.0, W)
                slopes = (apart + apart.T) @ of_rows
                summed = np.bincount(tasks, slopes, self.n_tasks)
                gradient: Floats = summed * (1.0 - shares**2)
                return gradient

            return np.where(same, 1.0, np.outer(of_rows, of_rows)), pullback

        return evaluate

    def against(self, theta: Floats, X: Floats) -> "BetweenAgainst":
        """See `Kernel`."""
        return BetweenAgainst(self, theta, X)

    def diagonal(self, theta: Floats, A: Floats) -> Floats:
        """All ones."""
        return np.ones(len(A))

    def numbers(self, X: Floats) -> Ints:
        """The task of each row."""
        return X[:, self.column].astype(np.int64)


class BetweenAgainst:
    """The kernel with its parameters and one side fixed."""

    def __init__(self, kernel: Between, theta: Floats, X: Floats) -> None:
        self._kernel = kernel
        self._shares = np.tanh(theta)
        self._tasks = kernel.numbers(X)

    def matrix(self, A: Floats) -> Floats:
        """See `Against`."""
        tasks = self._kernel.numbers(A)
        product = np.outer(self._shares[tasks], self._shares[self._tasks])
        return np.where(tasks[:, None] == self._tasks[None, :], 1.0, product)

    def slopes(self, A: Floats) -> tuple[Floats, Pullback]:
        """See `Against`: a task has no order, so there is nothing to follow."""
        return self.matrix(A), lambda W: np.zeros(A.shape)
