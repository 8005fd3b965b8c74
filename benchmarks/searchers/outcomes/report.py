"""The tables of `quality.py`, in Markdown, from the runs that there are."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from tasks.base import Task

from outcomes.ranks import Array, mean_ranks, ranked
from outcomes.runs import Key, Run
from outcomes.tables import table


class Results:
    """Runs of some methods on the tasks and seeds on which all of them were run to some length.

    Attributes:
        methods: The methods.
        tasks: The tasks that are left.
    """

    def __init__(
        self, runs: Mapping[Key, Run], tasks: Sequence[Task], methods: Sequence[str], length: int
    ) -> None:
        self.methods = methods
        self._runs: dict[str, list[list[Run]]] = {}
        seeds = sorted({seed for _, _, seed in runs})
        for task in tasks:
            rows = [[runs.get((task.name, method, seed)) for method in methods] for seed in seeds]
            whole = [row for row in rows if all(_is_whole(run, length) for run in row)]
            if whole:
                self._runs[task.name] = whole  # type: ignore[assignment]  # without None
        self.tasks = [task for task in tasks if task.name in self._runs]

    def seeds(self, tasks: Sequence[Task]) -> str:
        """How many seeds the tasks have: `20`, or `3 to 20`."""
        counts = sorted({len(self._runs[task.name]) for task in tasks})
        return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"

    def regrets(self, task: Task, evaluations: int) -> Array:
        """Of each seed and method, shape (seeds, methods)."""
        return np.array([[task.regret(run.at(evaluations)) for run in row] for row in self._runs[task.name]])

    def ranks(self, tasks: Sequence[Task], evaluations: int) -> tuple[Array, Array]:
        """Mean ranks and their intervals."""
        return mean_ranks([ranked(self.regrets(task, evaluations)) for task in tasks])

    def seconds(self, method: str) -> float:
        """CPU milliseconds per evaluation, the mean over all runs."""
        column = self.methods.index(method)
        runs = [row[column] for rows in self._runs.values() for row in rows]
        return sum(run.cpu_s for run in runs) / max(1, sum(run.evaluations for run in runs))

    def errors(self) -> Iterator[str]:
        """What ended runs early."""
        for name, rows in self._runs.items():
            for row in rows:
                yield from (
                    f"{run.method} on {name}, seed {run.seed}: {run.error}" for run in row if run.error
                )


def _is_whole(run: Run | None, length: int) -> bool:
    """Whether there is a run that was as long, or that ended early by an error."""
    return run is not None and (bool(run.error) or run.evaluations >= length)


def overall(results: Results, marks: Sequence[int]) -> str:
    """Mean rank of each method at each number of evaluations, over all tasks."""
    found = {mark: results.ranks(results.tasks, mark) for mark in marks}
    rows = []
    for i, method in enumerate(results.methods):
        cells = [f"{means[i]:.2f} ({low[i]:.2f} to {high[i]:.2f})" for means, (low, high) in found.values()]
        rows.append([method, *cells, f"{1000 * results.seconds(method):,.1f}"])
    order = np.argsort(found[marks[-1]][0])
    header = ["mean rank", *(f"after {mark}" for mark in marks), "CPU ms per evaluation"]
    return table(header, [rows[i] for i in order])


def by_group(results: Results, mark: int) -> str:
    """Mean rank of each method on each group of tasks, with its interval."""
    groups: dict[str, list[Task]] = {}
    for task in results.tasks:
        groups.setdefault(task.group, []).append(task)
    found = {group: results.ranks(tasks, mark) for group, tasks in groups.items()}
    header = [f"mean rank after {mark}", *(f"{group} ({len(tasks)})" for group, tasks in groups.items())]
    rows = []
    for i, method in enumerate(results.methods):
        cells = [
            f"{'**' if means[i] == means.min() else ''}{means[i]:.2f}{'**' if means[i] == means.min() else ''}"
            f" ({low[i]:.1f} to {high[i]:.1f})"
            for means, (low, high) in found.values()
        ]
        rows.append([method, *cells])
    return table(header, rows)


def by_task(results: Results, mark: int) -> str:
    """Median and quartiles of the regret of each method on each task."""
    header = [f"regret after {mark}", "group", "seeds", *results.methods]
    rows = []
    for task in results.tasks:
        regrets = results.regrets(task, mark)
        medians = np.median(regrets, axis=0)
        cells = [_spread(column, np.isclose(medians[i], medians.min())) for i, column in enumerate(regrets.T)]
        rows.append([task.name, task.group, f"{len(regrets)}", *cells])
    return table(header, rows, words=2)


def _spread(regrets: Array, is_best: bool) -> str:
    """`median (first quartile to third)`, the best in bold; of one seed its value alone."""
    low, middle, high = np.quantile(regrets, [0.25, 0.5, 0.75], method="nearest")
    middle = np.median(regrets) if np.isfinite(regrets).all() else middle
    mark = "**" if is_best else ""
    spread = f" ({_short(low)} to {_short(high)})" if len(regrets) > 1 else ""
    return f"{mark}{_short(middle)}{mark}{spread}"


def _short(regret: float) -> str:
    if np.isinf(regret):
        return "none"
    return f"{regret:.0e}".replace("e-0", "e-") if 0 < regret < 1e-3 else f"{regret:.3f}"
