import numpy as np
import pytest
from scipy import integrate, stats

from rung.core.history import Floats
from rung.core.space import Choice, Float, Int, Space
from rung.models.parzen import Bandwidths, Grain, drawn, kernels, log_masses, queries


def log_kernels(space: Space, C: Floats, X: Floats, widths: Bandwidths) -> Floats:
    grain = Grain.of(space.columns)
    masses = [log_masses(X[:, c], s) for c, s in zip(grain.numeric, widths.numeric, strict=True)]
    features = np.hstack([kernels(grain, X), -np.array(masses).reshape(-1, len(X)).T])
    found: Floats = queries(grain, C, widths) @ features.T
    return found


def bandwidths(numeric: list[float], choices: list[float]) -> Bandwidths:
    return Bandwidths(np.array(numeric), np.array(choices))


def test_a_kernel_of_numbers_is_a_product_of_truncated_normals() -> None:
    space = Space(x=Float(0, 1), y=Float(1e-3, 1, log=True))
    rng = np.random.default_rng(0)
    C, X, s = rng.random((5, 2)), rng.random((7, 2)), np.array([0.05, 0.4])
    expected = [[stats.truncnorm.logpdf(c, -x / s, (1 - x) / s, loc=x, scale=s).sum() for x in X] for c in C]
    np.testing.assert_allclose(log_kernels(space, C, X, bandwidths([0.05, 0.4], [])), expected, atol=1e-9)


def test_far_from_the_ends_a_mixture_is_the_density_of_scipy() -> None:
    space, rng = Space(x=Float(0, 1)), np.random.default_rng(1)
    X, C = rng.uniform(0.45, 0.55, (40, 1)), np.linspace(0.3, 0.7, 9)[:, None]
    reference = stats.gaussian_kde(X.T, bw_method="scott")
    width = float(np.sqrt(reference.covariance[0, 0]))
    found = np.exp(log_kernels(space, C, X, bandwidths([width], []))).mean(axis=1)
    np.testing.assert_allclose(found, reference(C.T), rtol=1e-9)


def test_a_kernel_of_a_choice_has_its_own_option_with_the_rest_of_the_probability() -> None:
    space = Space(kind=Choice(["a", "b", "c", "d"]), flag=Choice([True, False]), one=Choice(["only"]))
    X = space.encode([{"kind": "b", "flag": True, "one": "only"}])
    C = space.encode(
        [{"kind": kind, "flag": flag, "one": "only"} for kind in "abcd" for flag in (True, False)]
    )
    found = np.exp(log_kernels(space, C, X, bandwidths([], [0.3, 0.1, 0.0]))[:, 0])
    expected = np.outer([0.1, 0.7, 0.1, 0.1], [0.9, 0.1]).ravel() * 8  # relative to the uniform 1 / 8
    np.testing.assert_allclose(found, expected)


def test_the_density_of_a_conditional_hyperparameter_comes_from_where_it_is_active() -> None:
    space = Space(kind=Choice({"a": {"x": Float(0, 1)}, "b": {"y": Float(0, 1)}}))
    X = space.encode([{"kind": "a", "x": 0.3}, {"kind": "b", "y": 0.8}])
    widths = bandwidths([0.1, 0.1], [0.2])
    of_a, of_b = log_kernels(
        space, space.encode([{"kind": "a", "x": 0.35}, {"kind": "a", "x": 0.9}]), X, widths
    ).T
    np.testing.assert_allclose(of_b, np.log(2 * 0.2))  # uniform in x, which it knows nothing of
    assert of_a[0] > np.log(2 * 0.8) > of_a[1]
    for k in range(2):  # each kernel has mass 1 over the whole tree: half of the cube for each option

        def density(u: float, k: int = k, kind: str = "a", name: str = "x") -> float:
            C = space.encode([{"kind": kind, name: u}])
            return float(np.exp(log_kernels(space, C, X, widths)[0, k])) / 2

        mass = integrate.quad(density, 0, 1)[0] + integrate.quad(density, 0, 1, args=(k, "b", "y"))[0]
        assert mass == pytest.approx(1, abs=1e-6)


def test_what_is_drawn_follows_the_kernel() -> None:
    space = Space(x=Float(0, 1), n=Int(1, 9), kind=Choice(["a", "b", "c"]))
    X = np.tile(space.encode([{"x": 0.1, "n": 5, "kind": "c"}]), (4000, 1))
    widths = bandwidths([0.2, 0.1], [0.3])
    found = drawn(Grain.of(space.columns), X, widths, np.random.default_rng(0))
    expected = stats.truncnorm(-0.1 / 0.2, 0.9 / 0.2, loc=0.1, scale=0.2)
    assert stats.kstest(found[:, 0], expected.cdf).pvalue > 0.01
    kinds = [config["kind"] for config in space.decode(found)]
    shares = [kinds.count(option) / 4000 for option in "abc"]
    np.testing.assert_allclose(shares, [0.15, 0.15, 0.7], atol=0.02)
