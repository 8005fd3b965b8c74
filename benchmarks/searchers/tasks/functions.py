"""Functions on a box whose lowest value is known, by their usual names.

References:
    Surjanovic & Bingham, Virtual Library of Simulation Experiments, www.sfu.ca/~ssurjano (formulas and minima).
    Hansen et al., Real-Parameter Black-Box Optimization Benchmarking, INRIA 2009 (rotations and shifts).
    Wang et al., Bayesian Optimization in a Billion Dimensions, JAIR 2016 (functions in which few dimensions matter).
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from rung.core.rng import rng
from rung.core.space import Config, Float, Space
from tasks.base import Group, Split, Task

Array = npt.NDArray[np.float64]
Function = Callable[[Array], float]
Box = Sequence[tuple[float, float]]


def branin(x: Array) -> float:
    """Three equal minima; x in [-5, 10] x [0, 15]."""
    a, b = x
    curve = b - 5.1 / (4 * np.pi**2) * a**2 + 5 / np.pi * a - 6
    return float(curve**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(a) + 10)


def camel(x: Array) -> float:
    """Six humps; x in [-3, 3] x [-2, 2]."""
    a, b = x
    return float((4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + (-4 + 4 * b**2) * b**2)


def goldstein_price(x: Array) -> float:
    """The logarithm of Goldstein & Price's function; x in [-2, 2]."""
    a, b = x
    first = 1 + (a + b + 1) ** 2 * (19 - 14 * a + 3 * a**2 - 14 * b + 6 * a * b + 3 * b**2)
    second = 30 + (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a**2 + 48 * b - 36 * a * b + 27 * b**2)
    return float(np.log(first * second))


_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_A3 = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
_P3 = 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]])
_A6 = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_P6 = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann3(x: Array) -> float:
    """Four wells; x in [0, 1]^3."""
    return float(-_ALPHA @ np.exp(-(_A3 * (x - _P3) ** 2).sum(axis=1)))


def hartmann6(x: Array) -> float:
    """Six wells; x in [0, 1]^6."""
    return float(-_ALPHA @ np.exp(-(_A6 * (x - _P6) ** 2).sum(axis=1)))


_SHEKEL_C = np.array([1, 2, 2, 4, 4, 6, 3, 7, 5, 5]) / 10
_SHEKEL = np.array(
    [[4, 1, 8, 6, 3, 2, 5, 8, 6, 7], [4, 1, 8, 6, 7, 9, 3, 1, 2, 3.6]] * 2,
)


def shekel(x: Array) -> float:
    """Ten foxholes; x in [0, 10]^4."""
    return float(-(1 / (((x[:, None] - _SHEKEL) ** 2).sum(axis=0) + _SHEKEL_C)).sum())


def sphere(x: Array) -> float:
    """The lowest is at 0."""
    return float(x @ x)


def ackley(x: Array) -> float:
    """A funnel full of dents; the lowest is at 0."""
    return float(
        -20 * np.exp(-0.2 * np.sqrt((x**2).mean())) - np.exp(np.cos(2 * np.pi * x).mean()) + 20 + np.e
    )


def rastrigin(x: Array) -> float:
    """A regular grid of minima; the lowest is at 0."""
    return float((x**2 - 10 * np.cos(2 * np.pi * x) + 10).sum())


def griewank(x: Array) -> float:
    """A bowl with waves; the lowest is at 0."""
    waves = np.cos(x / np.sqrt(np.arange(1, len(x) + 1)))
    return float((x**2).sum() / 4000 - waves.prod() + 1)


def levy(x: Array) -> float:
    """The lowest is at 1; x in [-10, 10]."""
    w = 1 + (x - 1) / 4
    inner = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
    return float(np.sin(np.pi * w[0]) ** 2 + inner + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2))


def michalewicz(x: Array) -> float:
    """Steep valleys; x in [0, pi]."""
    return float(-(np.sin(x) * np.sin(np.arange(1, len(x) + 1) * x**2 / np.pi) ** 20).sum())


def styblinski_tang(x: Array) -> float:
    """Two minima in each dimension; x in [-5, 5]."""
    return float((x**4 - 16 * x**2 + 5 * x).sum() / 2)


def rosenbrock(x: Array) -> float:
    """A bent valley; the lowest is at 1."""
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def dixon_price(x: Array) -> float:
    """A valley of growing steepness; the lowest is 0."""
    weights = np.arange(2, len(x) + 1)
    return float((x[0] - 1) ** 2 + (weights * (2 * x[1:] ** 2 - x[:-1]) ** 2).sum())


def powell(x: Array) -> float:
    """Singular at its lowest point, 0; the dimensions come in fours."""
    a, b, c, d = x.reshape(-1, 4).T
    terms = (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4
    return float(terms.sum())


def ellipsoid(x: Array) -> float:
    """Axes whose squares differ by 10^4; the lowest is at 0."""
    return float(x**2 @ np.logspace(0, 4, len(x)))


def cigar(x: Array) -> float:
    """One long axis, all others 10^4 times as steep; the lowest is at 0."""
    return float(x[0] ** 2 + 1e4 * (x[1:] ** 2).sum())


def zakharov(x: Array) -> float:
    """A plate; the lowest is at 0."""
    tilt = 0.5 * np.arange(1, len(x) + 1) @ x
    return float((x**2).sum() + tilt**2 + tilt**4)


def moved(function: Function, d: int, reach: float, name: str, *, turned: bool = False) -> Function:
    """A function whose 0 was moved by up to `reach` in each dimension, and perhaps turned around it."""
    generator = rng(0, name, d)
    centre = generator.uniform(-reach, reach, d)
    turn = np.linalg.qr(generator.normal(size=(d, d)))[0] if turned else np.eye(d)
    return lambda x: function(turn @ (x - centre))


def among(function: Function, d: int, many: int, name: str) -> Function:
    """A function of `d` of `many` dimensions."""
    chosen = rng(0, name, many).permutation(many)[:d]
    return lambda x: function(x[chosen])


def box(low: float, high: float, d: int) -> Box:
    """The same bounds in each dimension."""
    return [(low, high)] * d


def task(
    name: str, group: Group, split: Split, function: Function, bounds: Box, best: float, noise: float = 0.0
) -> Task:
    """A function on a box as a task; the noise counts in what is typical above the best."""
    names = [f"x{i}" for i in range(len(bounds))]

    def loss(config: Config) -> float:
        return function(np.array([config[each] for each in names], dtype=np.float64))

    space = Space({each: Float(low, high) for each, (low, high) in zip(names, bounds, strict=True)})
    clean = Task(name, group, split, space, loss, best)
    return Task(name, group, split, space, loss, best, noise * (clean.typical - best)) if noise else clean


BRANIN, HARTMANN3, HARTMANN6, SHEKEL = 0.39788735773, -3.86278214782, -3.32236801141, -10.53644
CAMEL, GOLDSTEIN_PRICE, MICHALEWICZ5, STYBLINSKI_TANG = (
    -1.03162845349,
    np.log(3.0),
    -4.687658179,
    -39.16616570377,
)
BRANIN_BOX = [(-5.0, 10.0), (0.0, 15.0)]


def development() -> Iterator[Task]:
    """Those that defaults may be chosen on."""
    yield task("branin", "smooth", "development", branin, BRANIN_BOX, BRANIN)
    yield task("hartmann-6", "smooth", "development", hartmann6, box(0, 1, 6), HARTMANN6)
    yield task("ackley-10", "multimodal", "development", ackley, box(-32.768, 32.768, 10), 0)
    rastrigin5 = moved(rastrigin, 5, 2.0, "rastrigin")
    yield task("rastrigin-5, moved", "multimodal", "development", rastrigin5, box(-5.12, 5.12, 5), 0)
    yield task("hartmann-6, noisy", "noisy", "development", hartmann6, box(0, 1, 6), HARTMANN6, 0.1)
    yield task("branin, noisy", "noisy", "development", branin, BRANIN_BOX, BRANIN, 0.1)
    yield task("rosenbrock-6", "ill-conditioned", "development", rosenbrock, box(-5, 10, 6), 0)
    ellipsoid6 = moved(ellipsoid, 6, 3.0, "ellipsoid", turned=True)
    yield task("ellipsoid-6, turned", "ill-conditioned", "development", ellipsoid6, box(-5, 5, 6), 0)
    wide = among(hartmann6, 6, 25, "hartmann")
    yield task("hartmann-6 of 25", "few matter", "development", wide, box(0, 1, 25), HARTMANN6)


def report() -> Iterator[Task]:
    """Those that no default was chosen on."""
    yield task("camel", "smooth", "report", camel, [(-3, 3), (-2, 2)], CAMEL)
    yield task("goldstein-price", "smooth", "report", goldstein_price, box(-2, 2, 2), GOLDSTEIN_PRICE)
    yield task("hartmann-3", "smooth", "report", hartmann3, box(0, 1, 3), HARTMANN3)
    zakharov5 = moved(zakharov, 5, 3.0, "zakharov")
    yield task("zakharov-5, moved", "smooth", "report", zakharov5, box(-5, 5, 5), 0)
    yield task("levy-8", "multimodal", "report", levy, box(-10, 10, 8), 0)
    griewank6 = moved(griewank, 6, 40.0, "griewank")
    yield task("griewank-6, moved", "multimodal", "report", griewank6, box(-60, 60, 6), 0)
    yield task("michalewicz-5", "multimodal", "report", michalewicz, box(0, np.pi, 5), MICHALEWICZ5)
    tang6 = 6 * STYBLINSKI_TANG
    yield task("styblinski-tang-6", "multimodal", "report", styblinski_tang, box(-5, 5, 6), tang6)
    yield task("shekel-10", "multimodal", "report", shekel, box(0, 10, 4), SHEKEL)
    ackley5 = moved(ackley, 5, 12.0, "ackley", turned=True)
    yield task("ackley-5, turned", "multimodal", "report", ackley5, box(-20, 20, 5), 0)
    yield task("levy-4, noisy", "noisy", "report", levy, box(-10, 10, 4), 0, 0.1)
    tang4 = 4 * STYBLINSKI_TANG
    yield task("styblinski-tang-4, noisy", "noisy", "report", styblinski_tang, box(-5, 5, 4), tang4, 0.3)
    yield task("hartmann-3, noisy", "noisy", "report", hartmann3, box(0, 1, 3), HARTMANN3, 0.1)
    cigar6 = moved(cigar, 6, 3.0, "cigar", turned=True)
    yield task("cigar-6, turned", "ill-conditioned", "report", cigar6, box(-5, 5, 6), 0)
    yield task("dixon-price-6", "ill-conditioned", "report", dixon_price, box(-10, 10, 6), 0)
    yield task("powell-8", "ill-conditioned", "report", powell, box(-4, 5, 8), 0)
    levy_of_25 = among(levy, 4, 25, "levy")
    yield task("levy-4 of 25", "few matter", "report", levy_of_25, box(-10, 10, 25), 0)
    tang_of_30 = among(styblinski_tang, 4, 30, "styblinski")
    yield task("styblinski-tang-4 of 30", "few matter", "report", tang_of_30, box(-5, 5, 30), tang4)
    branin_of_20 = among(lambda x: branin(x * [15, 15] - [5, 0]), 2, 20, "branin")
    yield task("branin of 20", "few matter", "report", branin_of_20, box(0, 1, 20), BRANIN)
