"""How good and how fast are the evolutionary searchers, beside random search and those of Optuna?

Prints the median of the best value (of the hypervolume, for two objectives) after some numbers of trials, and the CPU
time of a suggestion; `--figure` draws the best value so far, for which Optuna is not needed.

Usage: python benchmarks/searchers/evolution.py [--seeds 10] [--trials 200] [--optuna] [--figure FILE]
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Int, Space
from rung.core.suggestion import Request, SearcherSpec
from rung.models.pareto import hypervolume
from rung.searchers.evolution.cmaes import CMAES
from rung.searchers.evolution.differential import DifferentialEvolution
from rung.searchers.evolution.genetic import GeneticSearch
from rung.searchers.evolution.nsga import NSGA2, NSGA3
from rung.searchers.evolution.regularized import RegularizedEvolution
from rung.searchers.random import RandomSearch

Losses = tuple[float, ...]
Problem = Callable[[Config], Losses]

D = 10
SHIFT = np.random.default_rng(7).uniform(-2, 2, D)
BOX = Space({f"x{i}": Float(-5.0, 5.0) for i in range(D)})
UNIT = Space({f"x{i}": Float(0.0, 1.0) for i in range(D)})
MIXED = Space(
    {f"x{i}": Float(-5.0, 5.0) for i in range(5)}
    | {f"n{i}": Int(0, 20) for i in range(3)}
    | {f"c{i}": Choice(["a", "b", "c", "d"]) for i in range(2)}
)
REFERENCE = (1.1, 6.0)
SINGLE = {
    "CMAES": CMAES(),
    "DifferentialEvolution": DifferentialEvolution(),
    "GeneticSearch": GeneticSearch(),
    "RegularizedEvolution": RegularizedEvolution(),
    "RandomSearch": RandomSearch(),
}
SEVERAL = {"NSGA2": NSGA2(), "NSGA3": NSGA3(), "RandomSearch": RandomSearch()}
COLORS = ("#0a7cc2", "#009e73", "#c44e9b", "#e69f00", "#8c8c8c")


def sphere(config: Config) -> Losses:
    """The squared distance to a point."""
    return (float(((_vector(config) - SHIFT) ** 2).sum()),)


def rosenbrock(config: Config) -> Losses:
    """A bent valley."""
    z = _vector(config)
    return (float((100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2).sum()),)


def ackley(config: Config) -> Losses:
    """A funnel full of small holes."""
    z = _vector(config) - SHIFT
    holes = np.exp(np.cos(2 * np.pi * z).mean())
    return (float(20 - 20 * np.exp(-0.2 * np.sqrt((z**2).mean())) - holes + np.e),)


def rastrigin(config: Config) -> Losses:
    """A bowl full of deep holes."""
    z = _vector(config) - SHIFT
    return (float((z**2 - 10 * np.cos(2 * np.pi * z) + 10).sum()),)


def mixed(config: Config) -> Losses:
    """A bowl of floats and integers, and two choices."""
    z = np.array([float(config[f"x{i}"]) for i in range(5)]) - SHIFT[:5]
    n = np.array([int(config[f"n{i}"]) for i in range(3)]) - [7, 3, 12]
    wrong = (config["c0"] != "b") + (config["c1"] != "d")
    return (float((z**2).sum() + 0.3 * (n**2).sum() + 4 * wrong),)


def zdt(number: int) -> Problem:
    """One of the problems of Zitzler, Deb & Thiele (2000), of two objectives."""

    def losses(config: Config) -> Losses:
        x = _vector(config)
        g = 1 + 9 * x[1:].mean()
        part = x[0] / g
        h = {1: 1 - np.sqrt(part), 2: 1 - part**2, 3: 1 - np.sqrt(part) - part * np.sin(10 * np.pi * x[0])}
        return float(x[0]), float(g * h[number])

    return losses


PROBLEMS: dict[str, tuple[Space, Problem, int]] = {
    "sphere": (BOX, sphere, 1),
    "rosenbrock": (BOX, rosenbrock, 1),
    "ackley": (BOX, ackley, 1),
    "rastrigin": (BOX, rastrigin, 1),
    "mixed": (MIXED, mixed, 1),
    **{f"zdt{number}": (UNIT, zdt(number), 2) for number in (1, 2, 3)},
}
DRAWN = {
    "rosenbrock": (1e2, 1e3, 1e4, 1e5),
    "rastrigin": (30, 50, 100, 200),
    "mixed": (1, 10, 100),
}  # and ticks


def ours(spec: SearcherSpec, name: str, trials: int, seed: int) -> tuple[list[Losses], float]:
    """The losses of a study, one trial after the other, and the CPU seconds of its suggestions."""
    space, problem, k = PROBLEMS[name]
    searcher = spec.start(space, tuple(Objective(f"loss{i}") for i in range(k)), seed)
    history, found, seconds = History(space, k), [], 0.0
    for trial in range(trials):
        begin = time.process_time()
        request = Request(trial, trial, 1, 1, 0, lambda purpose, n: rng(seed, purpose, n))
        config = searcher.suggest(history.view(), request)[0].config
        seconds += time.process_time() - begin
        found.append(problem(config))
        history.add_trial(config)
        history.add_observation(trial, 1, found[-1], {}, 1.0, 1.0)
    return found, seconds


def theirs(sampler: str, name: str, trials: int, seed: int) -> tuple[list[Losses], float]:
    """The same with a sampler of Optuna."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space, problem, k = PROBLEMS[name]
    options = {"with_margin": True} if sampler == "CmaEsSampler" and space is MIXED else {}
    study = optuna.create_study(
        sampler=getattr(optuna.samplers, sampler)(seed=seed, **options), directions=["minimize"] * k
    )
    found, seconds = [], 0.0
    for _ in range(trials):
        begin = time.process_time()
        trial = study.ask()
        config = {column.name: _suggested(trial, column.name, column.parameter) for column in space.columns}
        seconds += time.process_time() - begin
        found.append(problem(config))
        study.tell(trial, list(found[-1]))
    return found, seconds


def quality(found: list[Losses]) -> float:
    """The best loss; with two objectives the hypervolume."""
    losses = np.array(found)
    return float(losses.min()) if losses.shape[1] == 1 else hypervolume(losses, np.array(REFERENCE))


def table(seeds: int, trials: int, with_optuna: bool) -> None:
    """Print all."""
    marks = [mark for mark in (50, 100, 200, 500) if mark <= trials]
    print(f"{'problem':12}{'method':32}" + "".join(f"{mark:>12}" for mark in marks) + f"{'ms':>8}")
    for name, (_, _, k) in PROBLEMS.items():
        runs = [(label, ours, spec) for label, spec in (SINGLE if k == 1 else SEVERAL).items()]
        if with_optuna:
            samplers = ("CmaEsSampler", "NSGAIISampler") if k == 1 else ("NSGAIISampler", "NSGAIIISampler")
            runs += [(f"Optuna {sampler}", theirs, sampler) for sampler in samplers]
        for label, run, what in runs:
            results = [run(what, name, trials, seed) for seed in range(seeds)]  # type: ignore[operator]
            medians = [np.median([quality(found[:mark]) for found, _ in results]) for mark in marks]
            ms = 1e3 * np.mean([seconds for _, seconds in results]) / trials
            print(
                f"{name:12}{label:32}" + "".join(f"{value:12.4g}" for value in medians) + f"{ms:8.2f}",
                flush=True,
            )


def figure(file: Path, seeds: int, trials: int) -> None:
    """Draw the best value so far on three of the problems."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    drawn = make_subplots(1, len(DRAWN), subplot_titles=list(DRAWN), horizontal_spacing=0.06)
    x = list(range(1, trials + 1))
    for panel, name in enumerate(DRAWN, 1):
        for color, (label, spec) in zip(COLORS, SINGLE.items(), strict=True):
            runs = [ours(spec, name, trials, seed)[0] for seed in range(seeds)]
            low, middle, high = np.percentile(
                np.minimum.accumulate(np.array(runs)[..., 0], axis=1), [25, 50, 75], axis=0
            )
            band = {"legendgroup": label, "showlegend": False, "hoverinfo": "skip", "line_width": 0}
            drawn.add_trace(go.Scatter(x=x, y=high, **band), 1, panel)
            drawn.add_trace(go.Scatter(x=x, y=low, fill="tonexty", fillcolor=_pale(color), **band), 1, panel)
            line = {
                "name": label,
                "legendgroup": label,
                "showlegend": panel == 1,
                "line": {"color": color, "width": 2},
            }
            drawn.add_trace(go.Scatter(x=x, y=middle, **line), 1, panel)
        drawn.update_yaxes(type="log", tickvals=DRAWN[name], tickformat=",", col=panel)
        drawn.update_xaxes(title="trials", col=panel)
    drawn.update_yaxes(title="best value so far", col=1)
    drawn.update_layout(
        template="plotly_white", legend={"orientation": "h", "y": -0.2}, margin={"t": 40, "r": 20}
    )
    drawn.write_image(file, width=1050, height=420, scale=2)


def _vector(config: Config) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.array([float(config[f"x{i}"]) for i in range(D)])  # type: ignore[arg-type]


def _suggested(trial: object, name: str, parameter: Float | Int | Choice) -> object:
    match parameter:
        case Float(low=low, high=high):
            return trial.suggest_float(name, low, high)  # type: ignore[attr-defined]
        case Int(low=low, high=high):
            return trial.suggest_int(name, low, high)  # type: ignore[attr-defined]
        case Choice(options=options):
            return trial.suggest_categorical(name, list(options))  # type: ignore[attr-defined]


def _pale(color: str) -> str:
    return f"rgba({int(color[1:3], 16)},{int(color[3:5], 16)},{int(color[5:7], 16)},0.13)"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--optuna", action="store_true", help="measure its samplers, too")
    parser.add_argument("--figure", type=Path, help="a file such as evolution.png")
    options = parser.parse_args()
    if options.figure:
        figure(options.figure, options.seeds, options.trials)
    else:
        table(options.seeds, options.trials, options.optuna)
