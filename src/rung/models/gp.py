"""Gaussian process regression on arrays: fit, predict, add observations, sample; with analytic gradients.

    kernel = Stationary((Dimension(), Dimension(options=3)))
    gp = fit(X, y, kernel)              # y of mean 0 and standard deviation 1 (`rung.models.warp`)
    mean, std = gp.predict(candidates)
    gp = gp.extended(new_X, new_y)      # the same parameters, O(n²) for a point

Any kernel of `rung.models.kernels` will do. For observations at several resources append a column to X and take
`Product((Stationary(config), Stationary((Dimension(),), first=d)))`; for several tasks a kernel of yours that reads a
column with the number of the task. Predict with that column filled in with the resource or task that is asked about.

The model: `y = mean + f + noise`, f with covariance `scale * kernel`, noise independent with variance `noise`. All
three and the parameters of the kernel are at their most probable values (MAP), found from a few starts by L-BFGS-B. No
random numbers are used: a fit is a function of its arguments.

References:
    Rasmussen & Williams, Gaussian Processes for Machine Learning, MIT Press 2006, algorithm 2.1, section 5.4.
    Ginsbourger, Le Riche & Carraro, Kriging Is Well-Suited to Parallelize Optimization, 2010 (the kriging believer).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf, dpotri, dtrtri
from scipy.optimize import minimize

from rung.models.kernels import Against, Floats, Kernel, Prior

NOISE = Prior(np.array([math.log(1e-5)]), np.array([2.5]))  # of its log variance: most losses are not noisy
LEAST_NOISE = math.log(1e-8)  # keeps the matrix of 1,000 points positive definite
# Both rather narrow: when most points lie around a good one, the likelihood would take the rest for surely bad.
SCALE = Prior(np.array([0.0]), np.array([0.7]))
MEAN_VARIANCE = 0.1
FAILED = 1e10  # in place of a negative log density that cannot be computed


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that a fit finds.

    Attributes:
        theta: Logarithms of the kernel's parameters, shape (p,).
        scale: Variance of f, where the kernel is 1.
        noise: Variance of the noise.
        mean: Far from all data.
    """

    theta: Floats
    scale: float
    noise: float
    mean: float

    @property
    def vector(self) -> Floats:
        """As a fit walks on them: logarithms, without the mean."""
        return np.concatenate([self.theta, [math.log(self.scale), math.log(self.noise)]])


@dataclass(frozen=True, slots=True)
class GP:
    """What is believed after n observations.

    Attributes:
        kernel: The covariance.
        parameters: Its parameters and the rest.
        X: Points observed, shape (n, d).
        y: Values there, shape (n,).
    """

    kernel: Kernel
    parameters: Parameters
    X: Floats
    y: Floats
    _against: Against
    _root: Floats  # the inverse of the Cholesky factor of the matrix of observations
    _alpha: Floats  # that matrix's inverse times the residuals

    def __len__(self) -> int:
        return len(self.y)

    def predict(self, A: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of f (without noise) at points, shape (m,) each. O(m n²)."""
        K = self.parameters.scale * self._against.matrix(A)
        V = K @ self._root.T
        return self._mean(K), self._std(A, V)

    def mean(self, A: Floats) -> Floats:
        """Only the mean. O(m n)."""
        return self._mean(self.parameters.scale * self._against.matrix(A))

    @property
    def fitted(self) -> Floats:
        """The mean at the points observed, shape (n,). O(n)."""
        means: Floats = self.y - self.parameters.noise * self._alpha
        return means

    def slopes(self, A: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Mean, standard deviation, and the gradients of both for the points, shape (m, d)."""
        C, pullback = self._against.slopes(A)
        scale = self.parameters.scale
        V = (scale * C) @ self._root.T
        std = self._std(A, V)
        d_mean = pullback(np.broadcast_to(scale * self._alpha, C.shape))
        d_variance = pullback((V @ self._root) * (-2 * scale))
        return self._mean(scale * C), std, d_mean, d_variance / (2 * std[:, None])

    def covariance(self, A: Floats) -> tuple[Floats, Floats]:
        """Mean of f at points, shape (m,), and their joint covariance, shape (m, m)."""
        scale, theta = self.parameters.scale, self.parameters.theta
        K = scale * self._against.matrix(A)
        V = K @ self._root.T
        return self._mean(K), scale * self.kernel.against(theta, A).matrix(A) - V @ V.T

    def sample(self, A: Floats, n: int, rng: np.random.Generator) -> Floats:
        """Functions drawn from the belief, at points jointly, shape (n, m). O(m³)."""
        mean, covariance = self.covariance(A)
        L = factor(covariance, 1e-8 * self.parameters.scale)
        drawn: Floats = mean + rng.standard_normal((n, len(A))) @ L.T
        return drawn

    def extended(self, X: Floats, y: Floats) -> "GP":
        """With more observations and the same parameters; O(k n²) for k of them."""
        p = self.parameters
        B = (p.scale * self._against.matrix(X)) @ self._root.T
        S = p.scale * self.kernel.against(p.theta, X).matrix(X) - B @ B.T
        inner = _inverse(factor(S + p.noise * np.eye(len(X)), p.noise))
        n, k = len(self.y), len(y)
        root = np.zeros((n + k, n + k))
        root[:n, :n] = self._root
        root[n:, :n] = -inner @ (B @ self._root)
        root[n:, n:] = inner
        return _posterior(self.kernel, p, np.vstack([self.X, X]), np.concatenate([self.y, y]), root)

    def fantasized(self, A: Floats) -> "GP":
        """As if the mean had been observed at points: what is pending is neither forgotten nor tried again."""
        return (
            self.extended(A, self._mean(self.parameters.scale * self._against.matrix(A))) if len(A) else self
        )

    def leave_one_out(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation (with noise) of each observation from all others, shape (n,) each. O(n²).

        Reference:
            Rasmussen & Williams 2006, equation 5.12.
        """
        precision = (self._root**2).sum(axis=0)
        return self.y - self._alpha / precision, np.sqrt(1 / precision)

    def log_likelihood(self) -> float:
        """Logarithm of the marginal likelihood of the observations."""
        residual = self.y - self.parameters.mean
        log_det = -2 * np.log(np.diag(self._root)).sum()
        return -0.5 * float(residual @ self._alpha + log_det + len(self) * math.log(2 * math.pi))

    def _mean(self, K: Floats) -> Floats:
        mean: Floats = self.parameters.mean + K @ self._alpha
        return mean

    def _std(self, A: Floats, V: Floats) -> Floats:
        p = self.parameters
        prior = p.scale * self.kernel.diagonal(p.theta, A)
        variance = prior - np.einsum("ij,ij->i", V, V)
        std: Floats = np.sqrt(np.maximum(variance, 1e-12 * prior))
        return std


def fit(
    X: Floats, y: Floats, kernel: Kernel, *, starts: Sequence[Floats] | None = None, max_steps: int = 60
) -> GP:
    """The most probable model.

    Args:
        X: Points, shape (n, d), n at least 1.
        y: Values there, shape (n,), finite, of about mean 0 and standard deviation 1.
        kernel: The covariance.
        starts: Where to begin, each like `Parameters.vector`; None: `usual_starts`. The best end counts.
        max_steps: Of L-BFGS-B from each start.
    """
    return condition(X, y, kernel, fit_parameters(X, y, kernel, starts=starts, max_steps=max_steps))


def fit_parameters(
    X: Floats, y: Floats, kernel: Kernel, *, starts: Sequence[Floats] | None = None, max_steps: int = 60
) -> Parameters:
    """Only the parameters of `fit`."""
    density = _Density(X, y, kernel)
    bounds = density.bounds
    ends = [
        minimize(
            density.negative,
            np.clip(start, bounds[:, 0], bounds[:, 1]),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": max_steps, "ftol": 1e-7, "gtol": 1e-4},
        )
        for start in (usual_starts(kernel) if starts is None else starts)
    ]
    return density.parameters(min(ends, key=lambda end: float(end.fun)).x)


def usual_starts(kernel: Kernel) -> list[Floats]:
    """Where a fit without better knowledge begins: the most probable parameters, and shorter lengthscales."""
    prior = kernel.prior
    return [
        np.concatenate([prior.mean, [0.0, math.log(1e-4)]]),
        np.concatenate([prior.mean - 0.5 * prior.std, [0.0, math.log(1e-2)]]),
    ]


def condition(X: Floats, y: Floats, kernel: Kernel, parameters: Parameters) -> GP:
    """The model with given parameters. O(n³)."""
    against = kernel.against(parameters.theta, X)
    K = parameters.scale * against.matrix(X)
    K[np.diag_indices(len(X))] = parameters.scale * kernel.diagonal(parameters.theta, X) + parameters.noise
    return _posterior(kernel, parameters, X, y, _inverse(factor(K, parameters.noise)), against)


def log_density(X: Floats, y: Floats, kernel: Kernel, vector: Floats) -> tuple[float, Floats]:
    """Log of marginal likelihood times priors, up to a constant, at the best mean, and its gradient.

    Args:
        X: Points, shape (n, d).
        y: Values, shape (n,).
        kernel: The covariance.
        vector: As `Parameters.vector`.

    Raises:
        LinAlgError: If the matrix is not positive definite in floating point.
    """
    return _Density(X, y, kernel)(vector)


def factor(K: Floats, jitter: float) -> Floats:
    """The lower Cholesky factor of a matrix, with as little as is needed, in powers of 10, added to its diagonal."""
    L, info = dpotrf(K, lower=1)
    while info:
        K = K + jitter * np.eye(len(K))
        jitter *= 10
        L, info = dpotrf(K, lower=1)
    factored: Floats = np.tril(L)
    return factored


class _Density:
    """The posterior density of parameters, as a function of their vector."""

    def __init__(self, X: Floats, y: Floats, kernel: Kernel) -> None:
        self._y = y
        self._evaluate = kernel.on(X)
        parts = [kernel.prior, SCALE, NOISE]
        self._prior = Prior(np.concatenate([p.mean for p in parts]), np.concatenate([p.std for p in parts]))

    @property
    def bounds(self) -> Floats:
        bounds = self._prior.bounds
        bounds[-1] = LEAST_NOISE, math.log(2.0)
        return bounds

    def __call__(self, vector: Floats) -> tuple[float, Floats]:
        n = len(self._y)
        scale, noise = np.exp(vector[-2:])
        C, pullback = self._evaluate(vector[:-2])
        K = scale * C
        K[np.diag_indices(n)] += noise
        L, info = dpotrf(K, lower=1)
        if info:
            raise LinAlgError("the matrix of observations is not positive definite")
        P = dpotri(L, lower=1)[0]
        P = np.tril(P) + np.tril(P, -1).T
        mean = self._mean(P)
        alpha = P @ (self._y - mean)
        fitted = -0.5 * (self._y - mean) @ alpha - np.log(np.diag(L)).sum() - 0.5 * mean**2 / MEAN_VARIANCE
        W = 0.5 * (np.outer(alpha, alpha) - P)
        gradient = np.concatenate(
            [pullback(scale * W), [scale * np.einsum("ij,ij->", W, C), noise * np.trace(W)]]
        )
        believed, slope = self._prior.log_density(vector)
        return float(fitted) + believed, gradient + slope

    def negative(self, vector: Floats) -> tuple[float, Floats]:
        try:
            value, gradient = self(vector)
        except LinAlgError:
            return FAILED, np.zeros_like(vector)
        return -value, -gradient

    def parameters(self, vector: Floats) -> Parameters:
        scale, noise = np.exp(vector[-2:]).tolist()
        K = scale * self._evaluate(vector[:-2])[0] + noise * np.eye(len(self._y))
        root = _inverse(factor(K, noise))
        return Parameters(vector[:-2], scale, noise, self._mean(root.T @ root))

    def _mean(self, P: Floats) -> float:
        """The most probable one, given the inverse of the matrix of observations."""
        sums = P.sum(axis=0)
        return float(sums @ self._y / (sums.sum() + 1 / MEAN_VARIANCE))


def _posterior(  # noqa: PLR0917  the parts of a GP
    kernel: Kernel, parameters: Parameters, X: Floats, y: Floats, root: Floats, against: Against | None = None
) -> GP:
    alpha = root.T @ (root @ (y - parameters.mean))
    return GP(kernel, parameters, X, y, against or kernel.against(parameters.theta, X), root, alpha)


def _inverse(L: Floats) -> Floats:
    inverse: Floats = np.ascontiguousarray(dtrtri(L, lower=1)[0])
    return inverse
