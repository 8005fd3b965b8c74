"""Recorded tables as tasks: the last value of the recorded curve next to a configuration. All are development data."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rung.problems.files import read_table
from rung.problems.tabular import TableProblem
from tasks.base import Task


def development(paths: Sequence[str]) -> Iterator[Task]:
    """The tables at these paths (.npz), or in these folders."""
    for path in map(Path, paths):
        for file in sorted(path.rglob("*.npz")) if path.is_dir() else [path]:
            yield _task(f"{file.parent.name}/{file.stem}", TableProblem(read_table(file)))


def _task(name: str, problem: TableProblem) -> Task:
    goal = problem.objective
    return Task(
        f"table {name}",
        "recorded",
        "development",
        problem.space,
        lambda config: goal.loss(problem.final(config)),
        goal.loss(problem.best),
        median=goal.loss(problem.typical),
    )
