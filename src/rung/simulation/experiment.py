"""Experiments: arms on problems over seeds, run in several processes; the answer does not depend on how many."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from rung.core.errors import SpecError
from rung.problems.base import Benchmark
from rung.simulation.run import Run, run
from rung.simulation.setting import Arm, World, check_arm


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is compared.

    Attributes:
        problems: On what.
        arms: Which.
        world: For how long, and on what workers.
        seeds: How many runs of each arm on each problem.
    """

    problems: Sequence[Benchmark]
    arms: Sequence[Arm]
    world: World
    seeds: int

    def check(self) -> None:
        """Raise a SpecError if an arm cannot work on a problem, or two have one name."""
        for what, names in (
            ("problems", [problem.name for problem in self.problems]),
            ("arms", [arm.name for arm in self.arms]),
        ):
            if not names:
                raise SpecError(f"there are no {what} to simulate.")
            if twice := {name for name in names if names.count(name) > 1}:
                raise SpecError(f"two {what} are called {min(twice)!r}. Give each a name of its own.")
        if len({problem.front is None for problem in self.problems}) > 1:
            raise SpecError(
                "some problems have several objectives and some have one: ranks cannot be compared. Name the same "
                "objectives for all with minimize and maximize."
            )
        for problem in self.problems:
            for arm in self.arms:
                _check(problem, arm)

    @property
    def of_fronts(self) -> bool:
        """Whether there are several objectives."""
        return any(problem.front is not None for problem in self.problems)

    @property
    def size(self) -> int:
        """How many runs there are."""
        return len(self.problems) * len(self.arms) * self.seeds

    def runs(
        self, processes: int | None = None, told: Callable[[int], None] = lambda done: None
    ) -> list[Run]:
        """All runs: by arm, within it by problem, within it by seed.

        Args:
            processes: How many; None: one for each processor that this program may use.
            told: Called with how many runs are done.
        """
        self.check()
        tasks = [
            (problem, arm, seed)
            for arm in range(len(self.arms))
            for problem in range(len(self.problems))
            for seed in range(self.seeds)
        ]
        found = []
        for done in self._each(tasks, min(processes or available(), len(tasks))):
            found.append(done)
            told(len(found))
        return found

    def _each(self, tasks: Sequence[tuple[int, int, int]], processes: int) -> Iterator[Run]:
        if processes == 1:
            yield from (self.one(*task) for task in tasks)
            return
        with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (self,)) as pool:
            yield from pool.map(_one, tasks)

    def one(self, problem: int, arm: int, seed: int) -> Run:
        """One run."""
        return run(self.problems[problem], self.arms[arm], self.world, seed)


def available() -> int:
    """Processors that this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check(problem: Benchmark, arm: Arm) -> None:
    try:
        check_arm(problem, arm)
    except SpecError as error:
        raise SpecError(f"{arm.name} cannot work on {problem.name}: {error}") from None


_experiment: Experiment | None = None  # of a process that was started to simulate


def _begin(experiment: Experiment) -> None:
    global _experiment  # noqa: PLW0603  what a process is for is its only state
    _experiment = experiment


def _one(task: tuple[int, int, int]) -> Run:
    assert _experiment is not None  # `_begin` came first
    return _experiment.one(*task)
