"""Running an Optuna objective: its space, its training function, and both with a study in one call."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rung.core.budget import Budget
from rung.core.decision import SchedulerSpec
from rung.core.errors import SpecError, StudyNotFoundError
from rung.core.resource import Steps
from rung.core.space import Space
from rung.core.suggestion import SearcherSpec
from rung.executors.base import Executor
from rung.integrations.optuna.probing import Found, probe
from rung.integrations.optuna.trial import Objective, ObjectiveTrain, StudyDirection, StudyFace, directions_of
from rung.misuse import name_of
from rung.schedulers.asha import StoppingASHA
from rung.schedulers.fifo import FIFO
from rung.study import SpaceLike, Study

Direction = str | Sequence[str] | Mapping[str, str]
"""As in Optuna: "minimize", "maximize", or one for each returned value; as a dict they name the metrics."""


def optimize(
    objective: Objective,
    *,
    direction: Direction = "minimize",
    trials: int | None = 100,
    space: SpaceLike | None = None,
    scheduler: SchedulerSpec | None = None,
    searcher: SearcherSpec | None = None,
    seed: int = 0,
    name: str | None = None,
    store: str | Path | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
) -> Study:
    """Tune an objective that was written for Optuna. With a store, call it again to go on.

    Args:
        objective: Takes a trial, returns a number, or several.
        direction: Whether less or more is better; `{"loss": "minimize", "accuracy": "maximize"}` also names what is
            returned, which is otherwise called `value`, or `value_0`, `value_1` …
        trials: How many in all; None: until Ctrl-C.
        space: What is tuned; None: found by probing, see `space_of`, or as it is stored.
        scheduler: Which trial gets the next step. None: `StoppingASHA` where the objective prunes, else `FIFO`.
        searcher: Which configuration is tried next.
        seed: From which everything random derives.
        name: Of the study; None: the objective's.
        store: Where its log lies; None: in memory.
        executor: Where; None: worker processes on this machine.
        workers: Short for `executor=rung.Local(workers=...)`.

    Returns:
        The study, after its run: `.best_config`, `.best_value`, `.trials` …

    Raises:
        SpecError: If what it asks for cannot be made a space, or it prunes and nobody knows how far it trains.
        ObjectiveError: If it always fails.
        MisuseError: If it asks for what the space does not have.
    """
    directions = _directions(direction)
    name = name_of(objective) if name is None else name
    stored = _stored(name, store)
    given = scheduler
    if stored is not None:
        space = stored.space if space is None else space
        scheduler = scheduler or stored.spec.scheduler_spec()
        searcher = searcher or stored.spec.searcher_spec()
        stored.close()
    elif space is None:
        found = probe(objective, _face(name, directions))
        space = found.space
        scheduler = scheduler or _fitting(found, objective, len(directions))
    study = Study(
        name,
        space,
        minimize=[metric for metric, goal in directions.items() if goal == "minimize"],
        maximize=[metric for metric, goal in directions.items() if goal == "maximize"],
        scheduler=scheduler,
        searcher=searcher,
        seed=seed,
        store=store,
    )
    train = _train(objective, study, tuple(directions), refuses_pruning=given is None)
    return study.run(train, executor=executor, workers=workers, budget=Budget(trials=trials))


def space_of(objective: Objective) -> Space:
    """The space that an objective asks for, found by probing it: see docs/coming-from.md.

    The objective is called in a worker process, some ten times, each cut at its first report, at its end, or when it
    has asked for nothing new for a while. What hangs on an option of a choice becomes a part of that option.
    """
    return probe(objective, _face(name_of(objective), {"value": "minimize"})).space


def train_of(objective: Objective, study: Study, metrics: Sequence[str] | None = None) -> ObjectiveTrain:
    """The training function of an objective, for a study made by hand: `study.run(train_of(objective, study))`.

    Args:
        objective: Takes a trial, returns a number, or several.
        study: Whose trials it will train.
        metrics: The study's metrics in the order in which they are returned; None: the minimized ones, then the others.
    """
    return _train(objective, study, tuple(metrics or [goal.metric for goal in study.spec.objectives]))


def _train(
    objective: Objective, study: Study, metrics: tuple[str, ...], *, refuses_pruning: bool = False
) -> ObjectiveTrain:
    goals = study.spec.objectives
    if sorted(metrics) != sorted(goal.metric for goal in goals):
        raise SpecError(
            f"metrics must name the study's objectives {[goal.metric for goal in goals]} in the order in which the "
            f"objective returns them, got {list(metrics)}."
        )
    if not isinstance(study.spec.resource, Steps):
        raise SpecError(
            f"an Optuna objective reports steps, got a study with {study.spec.resource!r}. Use resource=rung.Steps()."
        )
    last = getattr(study.spec.scheduler_spec(), "max_resource", 1)
    face = StudyFace(study.name, directions_of(goals, metrics))
    return ObjectiveTrain(objective, study.space, metrics, last, face, refuses_pruning and last == 1)


def _stored(name: str, store: str | Path | None) -> Study | None:
    if store is None:
        return None
    try:
        return Study.load(name, store)
    except StudyNotFoundError:
        return None


def _fitting(found: Found, objective: Objective, n_metrics: int) -> SchedulerSpec:
    """The scheduler for an objective that was probed."""
    if not found.prunes or n_metrics > 1:
        return FIFO(max_resource=found.steps or 1)
    if found.steps is None:
        raise SpecError(
            f"{name_of(objective)} prunes, but was cut in probing before its end, so nobody knows how many steps a "
            "full training has. Say it: scheduler=rung.StoppingASHA(max_resource=100)."
        )
    return StoppingASHA(max_resource=found.steps)


def _face(name: str, directions: Mapping[str, str]) -> StudyFace:
    return StudyFace(name, tuple(StudyDirection[goal.upper()] for goal in directions.values()))


def _directions(given: Direction) -> dict[str, str]:
    """Each metric with "minimize" or "maximize", in the order in which they are returned."""
    if isinstance(given, str):
        named: Mapping[str, object] = {"value": given}
    elif isinstance(given, Mapping):
        named = given
    else:
        named = {f"value_{number}": each for number, each in enumerate(given)}
    found = {metric: str(getattr(goal, "name", goal)).lower() for metric, goal in named.items()}
    if not found or not set(found.values()) <= {"minimize", "maximize"}:
        raise SpecError(
            f'direction is "minimize" or "maximize", a list of them, or a dict such as {{"loss": "minimize"}}, '
            f"got {given!r}."
        )
    return found
