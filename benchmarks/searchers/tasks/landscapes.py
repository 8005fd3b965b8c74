"""Categorical and mixed landscapes whose lowest value is known, by construction or by trying all.

References:
    Kauffman & Levin, Towards a General Theory of Adaptive Walks on Rugged Landscapes, J. Theor. Biol. 1987 (NK).
    Ru et al., Bayesian Optimisation over Multiple Continuous and Categorical Inputs, ICML 2020 (mixed functions).
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt

from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Int, Parameter, Space
from tasks.base import Split, Task
from tasks.functions import Array, ackley, rosenbrock

LETTERS = "abcdefgh"
LEAST_PEST_COST = 12.750632570831483


def nk(split: Split, n: int, k: int, options: int) -> Task:
    """Each of n choices contributes a random number that depends on it and on k others; all are tried for the best."""
    generator = rng(0, f"nk {n} {k} {options}", 0)
    among = [[i, *generator.permutation([j for j in range(n) if j != i])[:k]] for i in range(n)]
    gains = generator.random((n, *(options,) * (k + 1)))

    def total(numbers: npt.NDArray[np.int64]) -> Array:  # of shape (…, n)
        found: Array = np.mean([gains[(i, *(numbers[..., j] for j in among[i]))] for i in range(n)], axis=0)
        return found

    everything = np.array(list(product(range(options), repeat=n)))
    names = [f"c{i}" for i in range(n)]
    return Task(
        f"NK landscape, {n} of {options}, K = {k}",
        "categorical",
        split,
        Space({name: Choice(list(LETTERS[:options])) for name in names}),
        lambda config: float(total(np.array([LETTERS.index(str(config[name])) for name in names]))),
        float(total(everything).min()),
    )


def mixed_ackley() -> Task:
    """Five choices of four and three floats of Ackley's function; the options' places are shuffled."""
    places = np.array([rng(0, "mixed ackley", i).permutation([-12.0, -4.0, 0.0, 7.0]) for i in range(5)])
    parameters: dict[str, Parameter] = {f"c{i}": Choice(list("abcd")) for i in range(5)}
    parameters |= {f"x{i}": Float(-20, 25) for i in range(3)}

    def loss(config: Config) -> float:
        chosen = [places[i, "abcd".index(str(config[f"c{i}"]))] for i in range(5)]
        return ackley(np.array([*chosen, *(float(str(config[f"x{i}"])) for i in range(3))]))

    return Task("Ackley, 5 choices and 3 floats", "categorical", "development", Space(parameters), loss, 0.0)


def switched() -> Task:
    """Two choices of four move, scale and tilt a bent valley of four floats; only one pair of sixteen is right."""
    generator = rng(0, "switched", 0)
    shifts = generator.uniform(-1.5, 1.5, (4, 4, 4))
    heights = generator.permutation(np.concatenate([[0.0], generator.uniform(20, 400, 15)])).reshape(4, 4)
    parameters: dict[str, Parameter] = {"first": Choice(list("abcd")), "second": Choice(list("abcd"))}
    parameters |= {f"x{i}": Float(-4, 4) for i in range(4)}

    def loss(config: Config) -> float:
        pair = "abcd".index(str(config["first"])), "abcd".index(str(config["second"]))
        x = np.array([float(str(config[f"x{i}"])) for i in range(4)])
        return rosenbrock(x - shifts[pair]) + float(heights[pair])

    return Task("16 valleys", "categorical", "report", Space(parameters), loss, 0.0)


def pests() -> Task:
    """Fifteen stations of five treatments: a treatment costs, works on what has spread, and wears out when repeated.

    All of it is deterministic; the best was found by `least_pest_cost`, which takes a second.
    """
    names = [f"station{i:02}" for i in range(15)]
    options = ["none", "A", "B", "C", "D"]

    def loss(config: Config) -> float:
        return _pest_cost([options.index(str(config[name])) for name in names])

    space = Space({name: Choice(options) for name in names})
    return Task("pest control, 15 of 5", "categorical", "report", space, loss, LEAST_PEST_COST)


_PRICE = (0.0, 1.0, 0.8, 0.7, 0.5)
_POWER = (0.0, 0.9, 0.75, 0.6, 0.45)
_SPREAD = (0.25, 0.4, 0.15)  # by the station, in turn


def _step(
    spread: float, used: tuple[int, ...], station: int, chosen: int
) -> tuple[float, tuple[int, ...], float]:
    """What has spread after a station, how often each treatment was used, and what that cost."""
    spread += _SPREAD[station % len(_SPREAD)] * (1 - spread)
    power = _POWER[chosen] * 0.8 ** used[chosen]
    spread *= 1 - power
    used = tuple(min(3, n + (i == chosen and i > 0)) for i, n in enumerate(used))
    return spread, used, _PRICE[chosen] * 0.9 ** used[chosen] + 2.0 * spread


def _pest_cost(treatments: list[int]) -> float:
    spread, cost = 0.1, 0.0
    used: tuple[int, ...] = (0,) * 5
    for station, chosen in enumerate(treatments):
        spread, used, more = _step(spread, used, station, chosen)
        cost += more
    return cost


def least_pest_cost(stations: int) -> float:
    """By dynamic programming over what the future depends on: how often each treatment was used, and what has spread.

    States that another one with the same use beats in spread and in cost are dropped.
    """
    states: dict[tuple[int, ...], list[tuple[float, float]]] = {(0,) * 5: [(0.1, 0.0)]}
    for station in range(stations):
        after: dict[tuple[int, ...], list[tuple[float, float]]] = {}
        for used, found in states.items():
            for (spread, cost), chosen in product(found, range(5)):
                then, now_used, more = _step(spread, used, station, chosen)
                after.setdefault(now_used, []).append((cost + more, then))
        states = {used: _undominated(found) for used, found in after.items()}
    return min(cost for found in states.values() for _, cost in found)


def _undominated(found: list[tuple[float, float]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for cost, spread in sorted(found):
        if not kept or spread < kept[-1][0]:
            kept.append((spread, cost))
    return kept


def wide_mixed() -> Task:
    """Four choices, three integers and three floats, a product of bumps around one hidden best point."""
    generator = rng(0, "wide mixed", 0)
    names = [f"{kind}{i}" for kind, n in (("c", 4), ("n", 3), ("x", 3)) for i in range(n)]
    kinds: dict[str, Parameter] = {"c": Choice(list("abcde")), "n": Int(1, 64, log=True), "x": Float(0, 1)}
    price = generator.permuted(np.tile([0.0, 0.15, 0.4, 0.7, 1.0], (4, 1)), axis=1)
    size, place = generator.integers(2, 60, 3), generator.uniform(0.1, 0.9, 3)

    def costs_of(config: Config) -> Array:
        """What each hyperparameter costs by itself, shape (10,)."""
        chosen = [price[i, "abcde".index(str(config[f"c{i}"]))] for i in range(4)]
        n = np.array([config[f"n{i}"] for i in range(3)], dtype=np.float64)
        x = np.array([config[f"x{i}"] for i in range(3)], dtype=np.float64)
        return np.concatenate([chosen, np.abs(np.log(n / size)) / 3, 2 * (x - place) ** 2])

    coupled = generator.permutation(10)

    def loss(config: Config) -> float:
        costs = costs_of(config)
        return float(costs.sum() + 2 * np.sqrt(costs * costs[coupled]).sum())

    space = Space({name: kinds[name[0]] for name in names})
    return Task("4 choices, 3 integers, 3 floats", "categorical", "report", space, loss, 0.0)


def development() -> Iterator[Task]:
    """Those that defaults may be chosen on."""
    yield nk("development", 8, 2, 3)
    yield mixed_ackley()


def report() -> Iterator[Task]:
    """Those that no default was chosen on."""
    yield nk("report", 10, 3, 3)
    yield switched()
    yield pests()
    yield wide_mixed()
