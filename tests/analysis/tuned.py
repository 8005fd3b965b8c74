"""Studies to analyse: a problem in place of training, on simulated workers."""

from collections.abc import Callable, Mapping
from typing import Any

import rung
from rung.core.decision import SchedulerSpec
from rung.core.rng import address
from rung.core.rng import rng as generator

Value = Callable[..., float]
"""The loss of a configuration, given as keywords, with `resource`."""


class Problem:
    """A function with noise; whatever it raises fails the trial."""

    def __init__(
        self, value: Value, noise: float = 0.0, seconds: Callable[..., float] = lambda **_: 1.0
    ) -> None:
        self.value, self.noise, self.seconds = value, noise, seconds

    def __call__(
        self, config: Mapping[str, Any], resource: int, seed: int
    ) -> tuple[Mapping[str, object], float]:
        jitter = generator(address(seed, "report", resource), "noise", 0).standard_normal()
        loss = self.value(**config, resource=resource) + self.noise * float(jitter)
        return {"loss": loss}, self.seconds(**config)


def tuned(
    space: dict[str, Any] | rung.Space,
    value: Value,
    *,
    trials: int = 100,
    scheduler: SchedulerSpec | None = None,
    noise: float = 0.0,
    seconds: Callable[..., float] = lambda **_: 1.0,
    workers: int = 4,
    losses_per_hour: float = 0.0,
    maximize: bool = False,
    **options: Any,
) -> rung.Study:
    """A study that was run to the end of its budget of trials."""
    goal = {"maximize" if maximize else "minimize": "loss"}
    study = rung.Study(
        "tuned", space, **goal, scheduler=scheduler or rung.FIFO(max_resource=1), store=None, **options
    )
    problem = Problem(value, noise, seconds)
    executor = rung.Simulated(problem=problem, workers=workers, losses_per_hour=losses_per_hour)
    return study.run(executor=executor, budget=rung.Budget(trials=trials))
