"""A job, the only unit of work: advance one trial from resource `start` to resource `target`."""

from typing import Literal

import msgspec

from rung.core.space import Config

Purpose = Literal["search", "audit", "confirm"]
"""Why a job runs; schedulers, searchers and budgets in trials see only `search`."""


class Job(msgspec.Struct, frozen=True):
    """What a worker is told to do.

    Attributes:
        number: Numbered from 0 in the order of granting; each attempt has its own.
        trial: Whose training it advances.
        config: That trial's configuration.
        start: The resource at which training stands when the job begins.
        target: The resource at which it must hand back control.
        restore: Name of the checkpoint to begin from; None: from scratch, or the worker still holds the trial.
        save: Whether a checkpoint must be written at the target.
        seed: Seed for the training, the same for all jobs of the trial.
        attempt: 1, and one more each time the same work is granted again after a loss.
        purpose: Whether it serves the search, an audit or a confirmation.
    """

    number: int
    trial: int
    config: Config
    start: int
    target: int
    seed: int
    restore: str | None = None
    save: bool = False
    attempt: int = 1
    purpose: Purpose = "search"
