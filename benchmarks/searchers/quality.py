"""How good are the configurations that rung's searchers and other tools suggest?

Each method tunes each task once with each seed, one evaluation after the other. What came of it is written into a
folder as it comes, and what is there is not run again: stop it, go on, run parts of it on other days, or two at once.
A peer that is not installed is left out, by name. `--report` prints the tables of what is there, and runs nothing.

A method is a searcher of rung by its name (`random`, `tpe`, `gp`, also `gp:{"acquisition": "ei"}`), or one of
`optuna-tpe optuna-tpe-independent optuna-gp optuna-cmaes optuna-nsga2 hyperopt-tpe smac botorch`; tasks are named by
name, group or split (`development`, `report`).

Usage: python benchmarks/searchers/quality.py [--methods tpe gp optuna-tpe] [--tasks report] [--seeds 20] [--report]
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

from methods.known import version
from outcomes.lines import append
from outcomes.play import play
from outcomes.report import Results, by_group, by_task, overall
from outcomes.runs import Run, longest
from outcomes.tables import heading
from tasks.known import chosen, tasks

METHODS = (
    "random",
    "optuna-tpe",
    "optuna-tpe-independent",
    "optuna-gp",
    "optuna-cmaes",
    "hyperopt-tpe",
    "smac",
    "botorch",
)
MARKS = (25, 50, 100, 200)

Wanted = tuple[str, str, int]
"""Task, method, seed."""


def installed(methods: Sequence[str]) -> Iterator[str]:
    """Those that can run here; the others are said on standard error."""
    for method in methods:
        try:
            version(method)
        except ImportError as error:
            print(f"left out, not installed: {method} ({error})", file=sys.stderr)
        else:
            yield method


def one(wanted: Wanted, budget: int, tables: Sequence[str]) -> Run:
    """Perhaps in a process of its own: tasks hold functions, so they are made there, by name."""
    task, method, seed = wanted
    return play(tasks(tuple(tables))[task], method, seed, budget)


def run_all(wanted: Sequence[Wanted], options: argparse.Namespace) -> None:
    """Run what is wanted, on some processes, and write each as it ends."""
    if options.processes == 1:
        for i, each in enumerate(wanted):
            _done(options.out, one(each, options.budget, options.tables), i + 1, len(wanted))
        return
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        waiting = [pool.submit(one, each, options.budget, options.tables) for each in wanted]
        for i, future in enumerate(as_completed(waiting)):
            _done(options.out, future.result(), i + 1, len(wanted))


def _done(folder: Path, run: Run, count: int, of: int) -> None:
    append(folder, run.method, run)
    words = run.error or f"{run.at(run.evaluations):.6g} after {run.evaluations}, {run.cpu_s:.1f} s"
    print(f"{count}/{of} {run.method} on {run.task}, seed {run.seed}: {words}", file=sys.stderr, flush=True)


def print_report(options: argparse.Namespace) -> None:
    """All tables, one part for each split."""
    runs = longest([options.out, *options.also])
    methods = options.methods or list(dict.fromkeys(method for _, method, _ in runs))
    marks = [mark for mark in MARKS if mark <= options.budget] or [options.budget]
    print(heading())
    n_tasks = 0
    for split in ("development", "report"):
        selected = [
            task for task in chosen(tasks(tuple(options.tables)), options.tasks) if task.split == split
        ]
        results = Results(runs, selected, methods, marks[-1])
        if not results.tasks:
            continue
        n_tasks += len(results.tasks)
        print(f"## {split}: {len(results.tasks)} tasks, {results.seeds(results.tasks)} seeds\n")
        print(overall(results, marks), "\n")
        print(by_group(results, marks[-1]), "\n")
        print(by_task(results, marks[-1]), "\n")
        print("\n".join(f"- {error}" for error in results.errors()))
    if not n_tasks:
        wanted = ", ".join(methods) or "any method"
        sys.exit(
            f"no task has runs of {wanted} to {marks[-1]} evaluations in {options.out}: run them without --report"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", default=[], help="default: rung's searchers and all peers")
    parser.add_argument("--tasks", nargs="+", default=[], help="names, groups or splits; default: all")
    parser.add_argument("--seeds", type=int, default=20, help="how many, from --first-seed")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--budget", type=int, default=MARKS[-1], help="evaluations of a run")
    parser.add_argument("--tables", nargs="+", default=[], help="recorded tables (.npz), or folders of them")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("quality"), help="folder of what came of the runs")
    parser.add_argument("--also", type=Path, nargs="+", default=[], help="more such folders, for the report")
    parser.add_argument("--report", action="store_true", help="print what is there, and run nothing")
    options = parser.parse_args()
    if options.report:
        print_report(options)
        return
    known = longest([options.out])
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    methods = list(installed(options.methods or METHODS))
    everything = [
        (task.name, method, seed)
        for seed in seeds
        for task in chosen(tasks(tuple(options.tables)), options.tasks)
        for method in methods
    ]
    run_all(
        [key for key in everything if key not in known or known[key].evaluations < options.budget], options
    )


if __name__ == "__main__":
    main()
