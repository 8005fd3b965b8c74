"""How good is the front that searchers find for several objectives, beside those of Optuna?

Each method tunes each problem of `tasks/several.py` with each seed, one evaluation after the other, without early
stopping. What is measured is the part of the best front's hypervolume that is missing: 0 is the whole front. Runs are
written into a folder as they end and are not repeated; `--report` prints what is there.

A method is a searcher of rung by its name (`nsga-ii`, also `gp:{"front": "chebyshev"}`), or one of `optuna-tpe
optuna-gp optuna-nsga2`; one that is not installed is left out, by name.

Usage: python benchmarks/searchers/fronts.py [--methods gp nsga-ii] [--problems ZDT1] [--seeds 5] [--report]
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

import msgspec
import numpy as np
from methods.base import Setting
from outcomes.lines import append, read
from outcomes.tables import heading, table
from tasks.several import Losses, Several, several

import rung
from rung.core.space import Config
from rung.searchers.registry import SEARCHERS

METHODS = (
    "random",
    "nsga-ii",
    "tpe",
    'gp:{"front": "chebyshev"}',
    "gp",
    "optuna-nsga2",
    "optuna-tpe",
    "optuna-gp",
)
MARKS = (30, 60)


class Run(msgspec.Struct, frozen=True):
    """One run: which, all losses in their order, and the CPU seconds of asking and telling."""

    problem: str
    method: str
    seed: int
    losses: list[Losses]
    cpu_s: float


class Method(Protocol):
    """What tunes."""

    def ask(self) -> Config:
        """What to try."""
        ...

    def tell(self, losses: Losses) -> None:
        """What came of it."""
        ...


class Ours:
    """A study in memory."""

    def __init__(self, problem: Several, name: str, seed: int) -> None:
        tag, _, options = name.partition(":")
        self._names = [f"loss{i}" for i in range(problem.k)]
        searcher = SEARCHERS.decode({"type": tag, **json.loads(options or "{}")})
        self._study = rung.Study(
            "fronts", problem.space, minimize=self._names, searcher=searcher, seed=seed, store=None
        )

    def ask(self) -> Config:
        """See `Method`."""
        job = self._study.ask()
        assert job is not None
        self._job = job
        return dict(job.config)

    def tell(self, losses: Losses) -> None:
        """See `Method`."""
        self._study.tell(self._job, dict(zip(self._names, losses, strict=True)))


class Optuna:
    """One of its samplers, with the options that its authors recommend."""

    def __init__(self, problem: Several, name: str, seed: int) -> None:
        import optuna
        from methods.with_optuna import sampler, suggested

        warnings.simplefilter("ignore")
        self._suggested, self._root = (
            suggested,
            problem.space._root,
        )  # the tree of the space, without a public name
        setting = Setting(problem.space, 0, 0.0, seed, MARKS[-1])
        self._study = optuna.create_study(sampler=sampler(name, setting), directions=["minimize"] * problem.k)

    def ask(self) -> Config:
        """See `Method`."""
        self._trial = self._study.ask()
        return self._suggested(self._trial, self._root)

    def tell(self, losses: Losses) -> None:
        """See `Method`."""
        self._study.tell(self._trial, list(losses))


def play(problem: Several, name: str, seed: int, budget: int) -> Run:
    """One run."""
    begun = time.process_time()
    method: Method = (Optuna if name.startswith("optuna-") else Ours)(problem, name, seed)
    cpu_s, found = time.process_time() - begun, []
    for _ in range(budget):
        begun = time.process_time()
        config = method.ask()
        cpu_s += time.process_time() - begun
        found.append(problem.losses(config))
        begun = time.process_time()
        method.tell(found[-1])
        cpu_s += time.process_time() - begun
    return Run(problem.name, name, seed, found, round(cpu_s, 4))


def run_all(options: argparse.Namespace) -> None:
    """What is not there yet."""
    known = {
        (run.problem, run.method, run.seed)
        for run in read(options.out, Run)
        if len(run.losses) >= options.budget
    }
    problems = several()
    for seed in range(options.seeds):
        for name in options.problems:
            for method in options.methods:
                if (name, method, seed) in known:
                    continue
                try:
                    run = play(problems[name], method, seed, options.budget)
                except ImportError as error:
                    print(f"left out, not installed: {method} ({error})", file=sys.stderr)
                    continue
                append(options.out, method, run)
                lost = problems[name].front.lost(run.losses)
                print(
                    f"{method} on {name}, seed {seed}: {lost:.4f}, {run.cpu_s:.1f} s",
                    file=sys.stderr,
                    flush=True,
                )


def report(options: argparse.Namespace) -> Iterator[str]:
    """The tables: what is missing on each problem, and ranks over all."""
    runs = defaultdict(dict)
    for run in read(options.out, Run):
        if len(run.losses) >= options.budget and run.problem in options.problems:
            runs[run.method][run.problem, run.seed] = run
    methods = [method for method in options.methods if runs[method]]
    problems = several()
    for mark in sorted({min(mark, options.budget) for mark in MARKS}):
        rows = []
        for method in methods:
            lost = {key: problems[key[0]].front.lost(run.losses[:mark]) for key, run in runs[method].items()}
            cells = [
                _middle([value for key, value in lost.items() if key[0] == name]) for name in options.problems
            ]
            rows.append([f"`{method}`", *cells, f"{_ms(list(runs[method].values())):.1f}"])
        yield table([f"missing after {mark}", *options.problems, "CPU ms per evaluation"], rows)


def _middle(values: Sequence[float]) -> str:
    """Median and range of some runs, and how many there are if few."""
    if not values:
        return ""
    low, middle, high = np.quantile(values, [0.0, 0.5, 1.0])
    return f"{middle:.3f} ({low:.3f} to {high:.3f})" if len(values) > 1 else f"{middle:.3f} (one run)"


def _ms(runs: Sequence[Run]) -> float:
    return 1e3 * sum(run.cpu_s for run in runs) / sum(len(run.losses) for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--problems", nargs="+", default=list(several()), choices=list(several()))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget", type=int, default=MARKS[-1], help="evaluations of a run")
    parser.add_argument("--out", type=Path, default=Path("fronts"), help="folder of what came of the runs")
    parser.add_argument("--report", action="store_true", help="print what is there, and run nothing")
    options = parser.parse_args()
    if not options.report:
        run_all(options)
    print(heading())
    print("\n\n".join(report(options)))


if __name__ == "__main__":
    main()
