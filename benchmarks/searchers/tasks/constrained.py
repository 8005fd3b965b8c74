"""Functions whose lowest points break limits that are observed with them.

References:
    Gardner et al., Bayesian Optimization with Inequality Constraints, ICML 2014 (simulation 1).
    Gramacy et al., Modeling an Augmented Lagrangian for Blackbox Constrained Optimization, Technometrics 2016.
    Coello & Montes, Constraint-Handling in Genetic Algorithms, Advanced Engineering Informatics 2002 (spring, vessel,
    welded beam, and their best known solutions).
"""

from collections.abc import Callable, Iterator

import numpy as np

from rung.core.space import Config, Float, Int, Space
from tasks.base import Split, Task
from tasks.functions import Array, Box, box, hartmann6

HARTMANN6_IN_BALL = -3.2734010

Limit = Callable[[Array], float]


def limited(
    name: str, split: Split, function: Callable[[Array], float], limits: list[Limit], bounds: Box, best: float
) -> Task:
    """A function of numbers with limits; bounds that are integers make integers."""
    names = [f"x{i}" for i in range(len(bounds))]

    def of(part: Callable[[Array], float]) -> Callable[[Config], float]:
        return lambda config: float(part(np.array([config[each] for each in names], dtype=np.float64)))

    parameters = {
        each: Int(low, high) if isinstance(low, int) and isinstance(high, int) else Float(low, high)
        for each, (low, high) in zip(names, bounds, strict=True)
    }
    return Task(
        name, "constrained", split, Space(parameters), of(function), best, 0.0, tuple(map(of, limits))
    )


def gardner() -> Task:
    """Two floats, one limit that leaves half of the box."""
    return limited(
        "gardner",
        "development",
        lambda x: np.cos(2 * x[0]) * np.cos(x[1]) + np.sin(x[0]),
        [lambda x: np.cos(x[0]) * np.cos(x[1]) - np.sin(x[0]) * np.sin(x[1]) - 0.5],
        [(0.0, 6.0), (0.0, 6.0)],
        -2.0,
    )


def gramacy() -> Task:
    """Two floats, two limits that cut out a bent region; the best lies on one of them."""
    return limited(
        "gramacy",
        "development",
        lambda x: x[0] + x[1],
        [
            lambda x: 1.5 - x[0] - 2 * x[1] - 0.5 * np.sin(2 * np.pi * (x[0] ** 2 - 2 * x[1])),
            lambda x: x[0] ** 2 + x[1] ** 2 - 1.5,
        ],
        [(0.0, 1.0), (0.0, 1.0)],
        0.5997880,
    )


def spring() -> Task:
    """Weight of a spring: diameters and coils, four limits."""

    def shear(x: Array) -> float:
        wire, coil, _ = x
        first = (4 * coil**2 - wire * coil) / (12566 * (coil * wire**3 - wire**4))
        return float(first + 1 / (5108 * wire**2) - 1)

    limits: list[Limit] = [
        lambda x: 1 - x[1] ** 3 * x[2] / (71785 * x[0] ** 4),
        shear,
        lambda x: 1 - 140.45 * x[0] / (x[1] ** 2 * x[2]),
        lambda x: (x[0] + x[1]) / 1.5 - 1,
    ]
    bounds = [(0.05, 0.2), (0.25, 1.3), (2.0, 15.0)]
    return limited("spring", "report", lambda x: (x[2] + 2) * x[1] * x[0] ** 2, limits, bounds, 0.012665)


def vessel() -> Task:
    """Cost of a pressure vessel: two thicknesses in steps of 1/16 inch, radius and length, three limits."""

    def cost(x: Array) -> float:
        shell, head, radius, length = x[0] / 16, x[1] / 16, x[2], x[3]
        plates = 0.6224 * shell * radius * length + 1.7781 * head * radius**2
        return float(plates + 3.1661 * shell**2 * length + 19.84 * shell**2 * radius)

    limits: list[Limit] = [
        lambda x: 0.0193 * x[2] - x[0] / 16,
        lambda x: 0.00954 * x[2] - x[1] / 16,
        lambda x: 1 - (np.pi * x[2] ** 2 * x[3] + 4 / 3 * np.pi * x[2] ** 3) / 1296000,
    ]
    bounds: Box = [(1, 99), (1, 99), (10.0, 200.0), (10.0, 200.0)]
    return limited("pressure vessel", "report", cost, limits, bounds, 6059.714335)


def beam() -> Task:
    """Cost of a welded beam: four floats, five limits."""

    def stresses(x: Array) -> tuple[float, float, float, float]:
        h, length, t, b = x
        moment = 6000 * (14 + length / 2)
        reach = np.sqrt(length**2 / 4 + ((h + t) / 2) ** 2)
        polar = 2 * np.sqrt(2) * h * length * (length**2 / 12 + ((h + t) / 2) ** 2)
        direct, twist = 6000 / (np.sqrt(2) * h * length), moment * reach / polar
        shear = np.sqrt(direct**2 + direct * twist * length / reach + twist**2)
        bending, bend = 504000 / (b * t**2), 65856000 / (30e6 * b * t**3)
        buckling = 4.013 * 30e6 * np.sqrt(t**2 * b**6 / 36) / 196 * (1 - t / 28 * np.sqrt(30e6 / 48e6))
        return float(shear), float(bending), float(bend), float(buckling)

    limits: list[Limit] = [
        lambda x: stresses(x)[0] / 13600 - 1,
        lambda x: stresses(x)[1] / 30000 - 1,
        lambda x: x[0] - x[3],
        lambda x: stresses(x)[2] / 0.25 - 1,
        lambda x: 1 - stresses(x)[3] / 6000,
    ]
    bounds = [(0.1, 2.0), (0.1, 10.0), (0.1, 10.0), (0.1, 2.0)]
    return limited(
        "welded beam",
        "report",
        lambda x: 1.10471 * x[0] ** 2 * x[1] + 0.04811 * x[2] * x[3] * (14 + x[1]),
        limits,
        bounds,
        1.724852,
    )


def hartmann_in_a_ball() -> Task:
    """Hartmann's function of six floats whose squares sum to 0.8 at most; the best, on that sphere, by SLSQP."""
    limits: list[Limit] = [lambda x: float(x @ x) - 0.8]
    return limited("hartmann-6 in a ball", "report", hartmann6, limits, box(0.0, 1.0, 6), HARTMANN6_IN_BALL)


def development() -> Iterator[Task]:
    """Those that defaults may be chosen on."""
    yield gardner()
    yield gramacy()


def report() -> Iterator[Task]:
    """Those that no default was chosen on."""
    yield spring()
    yield vessel()
    yield beam()
    yield hartmann_in_a_ball()
