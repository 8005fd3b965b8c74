"""Covariances between points of a space, with gradients for their parameters and for the points.

A kernel is a value; what it computes depends on `theta`, the vector of the logarithms of its parameters. It is asked
in two ways. `on(X)` is for fitting: a function of `theta` that gives the matrix and a pullback, which contracts weights
with the derivatives of the matrix for each parameter. `against(theta, X)` is for predicting: a function of other
points. Both are closed under products, so `Product((Stationary(config), Stationary(resource, first=d)))`, or a product
with a kernel between tasks, is again a kernel for `rung.models.gp`: write a class with the methods of `Kernel` and
multiply it.

Points stand in the unit cube, NaN where a hyperparameter is inactive. Each column is laid into a Euclidean space first,
so that any two rows have a distance and every kernel here is positive definite: a number as itself; a number that is
sometimes inactive on an arc of the unit circle, whose centre stands for inactive and is as far from each of its values
(the arc kernel); an unordered choice as corners of a simplex with edges of length 1.

References:
    Rasmussen & Williams, Gaussian Processes for Machine Learning, MIT Press 2006, section 4.2 (the forms).
    Swersky, Duvenaud, Snoek, Hutter & Osborne, Raiders of the Lost Architecture: Kernels for Bayesian Optimization in
    Conditional Parameter Spaces, 2014 (the arc kernel).
    Hvarfner, Hellsten & Nardi, Vanilla Bayesian Optimization Performs Great in High Dimensions, ICML 2024 (the prior).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Form = Literal["matern52", "matern32", "rbf"]
Pullback = Callable[[Floats], Floats]
"""Contracts weights of the shape of a matrix with its derivatives."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Independent normal distributions of the logarithms of parameters.

    Attributes:
        mean: Where each is most probable, shape (p,).
        std: How far from there it may well be, shape (p,).
    """

    mean: Floats
    std: Floats

    @property
    def bounds(self) -> Floats:
        """Where a fit looks: four standard deviations to both sides, shape (p, 2)."""
        return np.stack([self.mean - 4 * self.std, self.mean + 4 * self.std], axis=1)

    def log_density(self, theta: Floats) -> tuple[float, Floats]:
        """Up to a constant, and its gradient."""
        z = (theta - self.mean) / self.std
        return -0.5 * float(z @ z), -z / self.std


class Against(Protocol):
    """Covariances of any points with the n points at which a kernel was fixed."""

    def matrix(self, A: Floats) -> Floats:
        """Between points A, shape (m, d), and the fixed ones: shape (m, n)."""
        ...

    def slopes(self, A: Floats) -> tuple[Floats, Pullback]:
        """The same, and the pullback from weights (m, n) to the gradients for the points A, shape (m, d).

        The gradient is 0 in columns that have no order and where a point is inactive.
        """
        ...


class Kernel(Protocol):
    """A covariance with parameters; `theta` holds their logarithms, shape (n_parameters,)."""

    @property
    def n_parameters(self) -> int:
        """How many parameters it has."""
        ...

    @property
    def prior(self) -> Prior:
        """What is believed of them before data."""
        ...

    def on(self, X: Floats) -> Callable[[Floats], tuple[Floats, Pullback]]:
        """A function of `theta`: the matrix (n, n), and the pullback from weights (n, n) to a gradient (p,)."""
        ...

    def against(self, theta: Floats, X: Floats) -> Against:
        """Covariances with the points X, shape (n, d)."""
        ...

    def diagonal(self, theta: Floats, A: Floats) -> Floats:
        """The variance at each point, shape (m,)."""
        ...


@dataclass(frozen=True, slots=True)
class Dimension:
    """What kind of hyperparameter a column is.

    Attributes:
        options: Number of options of a choice without order; None: the column has an order.
        conditional: Whether it may be inactive, NaN.
    """

    options: int | None = None
    conditional: bool = False


@dataclass(frozen=True)
class Stationary:
    """A kernel of the distance, with a lengthscale for each column; its variance is 1.

    Attributes:
        dimensions: Kinds of the columns that it reads.
        form: Its form; `matern52` is twice differentiable and the usual one.
        first: The first of the columns that it reads; they stand side by side.
    """

    dimensions: tuple[Dimension, ...]
    form: Form = "matern52"
    first: int = 0

    @property
    def n_parameters(self) -> int:
        """One lengthscale for each column."""
        return len(self.dimensions)

    @property
    def prior(self) -> Prior:
        """Log-normal lengthscales that grow with the root of the number of columns (Hvarfner et al. 2024, eq. 8).

        The most probable lengthscale, not the most probable logarithm, is sought: the mean falls by the variance.
        """
        d = len(self.dimensions)
        mean, std = math.sqrt(2) + math.log(d) / 2, math.sqrt(3)
        return Prior(np.full(d, mean - std**2), np.full(d, std))

    @cached_property
    def embedding(self) -> "Embedding":
        """How its columns are laid into a Euclidean space."""
        return Embedding(self.dimensions, self.first)

    def on(self, X: Floats) -> Callable[[Floats], tuple[Floats, Pullback]]:
        """See `Kernel`; the distances are computed once."""
        n, D = len(X), self.embedding.distances(X)

        def evaluate(theta: Floats) -> tuple[Floats, Pullback]:
            w = np.exp(-2 * theta)
            K, slope = FORMS[self.form](w @ D)

            def pullback(W: Floats) -> Floats:
                gradient: Floats = -2 * w * (D @ (W.ravel() * slope))
                return gradient

            return K.reshape(n, n), pullback

        return evaluate

    def against(self, theta: Floats, X: Floats) -> "StationaryAgainst":
        """See `Kernel`."""
        return StationaryAgainst(self, theta, X)

    def diagonal(self, theta: Floats, A: Floats) -> Floats:
        """All ones."""
        return np.ones(len(A))


class StationaryAgainst:
    """A stationary kernel with its parameters and one side fixed."""

    def __init__(self, kernel: Stationary, theta: Floats, X: Floats) -> None:
        self._form = FORMS[kernel.form]
        self._embedding = kernel.embedding
        self._inverse = np.exp(-theta)[kernel.embedding.owner]  # of the lengthscale of each feature
        self._Z = self._scaled(X)
        self._squares = (self._Z**2).sum(axis=1)

    def matrix(self, A: Floats) -> Floats:
        """See `Against`."""
        return self._form(self._distances(self._scaled(A)))[0]

    def slopes(self, A: Floats) -> tuple[Floats, Pullback]:
        """See `Against`."""
        Z = self._scaled(A)
        K, slope = self._form(self._distances(Z))

        def pullback(W: Floats) -> Floats:
            G = W * slope
            gradient = 2 * (Z * G.sum(axis=1)[:, None] - G @ self._Z) * self._inverse
            return self._embedding.pull(A, gradient)

        return K, pullback

    def _scaled(self, X: Floats) -> Floats:
        return self._embedding.features(X) * self._inverse

    def _distances(self, Z: Floats) -> Floats:
        squared = Z @ (-2 * self._Z.T)
        squared += self._squares
        squared += (Z**2).sum(axis=1)[:, None]
        return np.maximum(squared, 0.0, out=squared)


@dataclass(frozen=True)
class Product:
    """The product of kernels, each of which reads columns of its own or the same; parameters follow each other.

    Attributes:
        kernels: The factors.
    """

    kernels: tuple[Kernel, ...]

    @property
    def n_parameters(self) -> int:
        """Those of all factors."""
        return sum(kernel.n_parameters for kernel in self.kernels)

    @property
    def prior(self) -> Prior:
        """Those of the factors, side by side."""
        priors = [kernel.prior for kernel in self.kernels]
        return Prior(np.concatenate([p.mean for p in priors]), np.concatenate([p.std for p in priors]))

    def on(self, X: Floats) -> Callable[[Floats], tuple[Floats, Pullback]]:
        """See `Kernel`."""
        parts = [kernel.on(X) for kernel in self.kernels]

        def evaluate(theta: Floats) -> tuple[Floats, Pullback]:
            found = [part(t) for part, t in zip(parts, self._split(theta), strict=True)]
            return _multiplied(found, np.concatenate)

        return evaluate

    def against(self, theta: Floats, X: Floats) -> "ProductAgainst":
        """See `Kernel`."""
        parts = zip(self.kernels, self._split(theta), strict=True)
        return ProductAgainst([kernel.against(t, X) for kernel, t in parts])

    def diagonal(self, theta: Floats, A: Floats) -> Floats:
        """See `Kernel`."""
        parts = zip(self.kernels, self._split(theta), strict=True)
        return _product([kernel.diagonal(t, A) for kernel, t in parts])

    def _split(self, theta: Floats) -> list[Floats]:
        return np.split(theta, np.cumsum([kernel.n_parameters for kernel in self.kernels])[:-1])


class ProductAgainst:
    """A product with its parameters and one side fixed."""

    def __init__(self, parts: Sequence[Against]) -> None:
        self._parts = parts

    def matrix(self, A: Floats) -> Floats:
        """See `Against`."""
        return _product([part.matrix(A) for part in self._parts])

    def slopes(self, A: Floats) -> tuple[Floats, Pullback]:
        """See `Against`."""
        return _multiplied([part.slopes(A) for part in self._parts], lambda found: np.sum(found, axis=0))


class Embedding:
    """Columns laid into a Euclidean space, in which each has one feature or several.

    Attributes:
        owner: The column of each feature, counted from the first one that is read, shape (n_features,).
    """

    def __init__(self, dimensions: Sequence[Dimension], first: int) -> None:
        self._n_columns = len(dimensions)
        self._first = first
        kinds = list(enumerate(dimensions))
        self._plain = [c for c, kind in kinds if kind.options is None and not kind.conditional]
        self._arcs = [c for c, kind in kinds if kind.options is None and kind.conditional]
        self._choices = [(c, kind.options) for c, kind in kinds if kind.options is not None]
        corners = [c for c, options in self._choices for _ in range(options)]
        self.owner: Ints = np.array([*self._plain, *self._arcs, *self._arcs, *corners], dtype=np.int64)

    def features(self, X: Floats) -> Floats:
        """Points in that space, shape (n, n_features)."""
        X = X[:, self._first : self._first + self._n_columns]
        parts = [X[:, self._plain]]
        if self._arcs:
            U = X[:, self._arcs]
            inactive = np.isnan(U)
            U = np.where(inactive, 0.0, U)
            parts += [np.where(inactive, 0.0, np.cos(U)), np.where(inactive, 0.0, np.sin(U))]
        parts += [_corners(X[:, c], options) for c, options in self._choices]
        return np.concatenate(parts, axis=1)

    def distances(self, X: Floats) -> Floats:
        """Squared distances between points in each column, shape (n_columns, n * n)."""
        F = self.features(X)
        D = np.zeros((self._n_columns, len(X), len(X)))
        for feature, column in enumerate(self.owner):
            D[column] += np.subtract.outer(F[:, feature], F[:, feature]) ** 2
        return D.reshape(self._n_columns, -1)

    def pull(self, X: Floats, gradient: Floats) -> Floats:
        """Gradients for features as gradients for the columns of points, shape (n, d)."""
        found = np.zeros_like(X)
        plain, arcs = len(self._plain), len(self._arcs)
        found[:, [self._first + c for c in self._plain]] = gradient[:, :plain]
        if arcs:
            columns = [self._first + c for c in self._arcs]
            U = X[:, columns]
            inactive = np.isnan(U)
            U = np.where(inactive, 0.0, U)
            cosine, sine = gradient[:, plain : plain + arcs], gradient[:, plain + arcs : plain + 2 * arcs]
            found[:, columns] = np.where(inactive, 0.0, sine * np.cos(U) - cosine * np.sin(U))
        return found


def matern52(r2: Floats) -> tuple[Floats, Floats]:
    """(1 + √5 r + 5r²/3) exp(-√5 r), and its derivative for r²."""
    r = np.sqrt(5 * r2)
    decay = np.exp(-r)
    slope = -5 / 6 * (1 + r) * decay
    return (1 + r + r**2 / 3) * decay, slope


def matern32(r2: Floats) -> tuple[Floats, Floats]:
    """(1 + √3 r) exp(-√3 r), and its derivative for r²."""
    r = np.sqrt(3 * r2)
    decay = np.exp(-r)
    return (1 + r) * decay, -1.5 * decay


def rbf(r2: Floats) -> tuple[Floats, Floats]:
    """exp(-r²/2), and its derivative for r²."""
    value = np.exp(-0.5 * r2)
    return value, -0.5 * value


FORMS: dict[Form, Callable[[Floats], tuple[Floats, Floats]]] = {
    "matern52": matern52,
    "matern32": matern32,
    "rbf": rbf,
}


def _corners(u: Floats, options: int) -> Floats:
    """Options as corners of a simplex with edges of length 1, inactive as its centre of coordinates."""
    option = np.minimum(np.where(np.isnan(u), -1.0, u * options).astype(np.int64), options - 1)
    corners: Floats = (option[:, None] == np.arange(options)) * math.sqrt(0.5)
    return corners


def _product(factors: Sequence[Floats]) -> Floats:
    product: Floats = np.prod(factors, axis=0)
    return product


def _multiplied(
    found: Sequence[tuple[Floats, Pullback]], join: Callable[[list[Floats]], Floats]
) -> tuple[Floats, Pullback]:
    """The product of matrices, and its pullback from theirs by the product rule."""
    matrices = [matrix for matrix, _ in found]

    def pullback(W: Floats) -> Floats:
        parts = []
        for number, (_, part) in enumerate(found):
            others = matrices[:number] + matrices[number + 1 :]
            parts.append(part(_product([W, *others])))
        return join(parts)

    return _product(matrices), pullback
