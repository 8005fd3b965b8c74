"""All tasks, by name."""

from collections.abc import Iterator, Sequence
from functools import cache

from tasks import conditional, constrained, functions, landscapes, recorded, trainings
from tasks.base import Task


@cache
def tasks(tables: tuple[str, ...] = ()) -> dict[str, Task]:
    """Those that are built in, and recorded tables at paths."""
    return {task.name: task for task in _all(tables)}


def chosen(found: dict[str, Task], names: Sequence[str]) -> list[Task]:
    """Those that a person names: by name, group or split; all if none is named."""
    if not names:
        return list(found.values())
    for name in names:
        if not any(name in (task.name, task.group, task.split) for task in found.values()):
            raise SystemExit(f"no task, group or split is called {name!r}; there are {sorted(found)}")
    return [task for task in found.values() if {task.name, task.group, task.split} & set(names)]


def _all(tables: Sequence[str]) -> Iterator[Task]:
    for part in (functions, landscapes, conditional, constrained):
        yield from part.development()
        yield from part.report()
    yield from trainings.report()
    yield from recorded.development(tables)
