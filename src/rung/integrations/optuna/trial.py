"""What an Optuna objective sees of a rung trial, and the training function that calls the objective.

Optuna counts steps from 0 and knows no target; rung counts from 1, and decisions fall at targets. A report counts for
every target up to its step. What the objective returns counts for the targets that are left: the value of a complete
trial is the value returned.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, NoReturn

from rung.core.errors import MisuseError
from rung.core.event import Failure
from rung.core.layout import Column
from rung.core.objective import Objectives
from rung.core.parameter import Choice, Constant, Parameter, scale
from rung.core.scale import Scalar, listed
from rung.core.space import Space
from rung.executors.failure import TrainingError
from rung.integrations.optuna.attributes import write_user_attrs
from rung.integrations.optuna.suggesting import Suggesting, place_of
from rung.misuse import name_of
from rung.trial import Trial, TrialOver

Objective = Callable[[Any], Any]
"""Takes a trial that looks like Optuna's, returns a number or several; Any: users annotate with Optuna's own."""


class TrialPruned(Exception):  # noqa: N818  Optuna's name
    """For objectives that do not import Optuna, as `optuna.TrialPruned`."""


class StudyDirection(IntEnum):
    """Equal to Optuna's, number by number."""

    MINIMIZE = 1
    MAXIMIZE = 2


@dataclass(frozen=True, slots=True)
class StudyFace:
    """What an objective may ask of `trial.study`: what does not change.

    Attributes:
        study_name: Its name.
        directions: A direction for each returned value.
    """

    study_name: str
    directions: tuple[StudyDirection, ...]

    @property
    def direction(self) -> StudyDirection:
        """The direction of the first value."""
        return self.directions[0]

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"trial.study.{name} is not there under rung: trials run in their own processes and cannot see each "
            "other. There are study_name, direction and directions."
        )


class OptunaTrial(Suggesting):
    """A rung trial with the face of Optuna's.

    Attributes:
        study: What it may know of its study.
        user_attrs: What the objective has attached.
        datetime_start: When this call of the objective began.
    """

    def __init__(self, trial: Trial, train: "ObjectiveTrain") -> None:
        super().__init__(trial.number)
        self.study = train.study
        self.user_attrs: dict[str, Any] = {}
        self.datetime_start = datetime.now()
        self._trial = trial
        self._train = train
        self._offset: int | None = None  # 1 where steps are counted from 0
        self._over = False

    def report(self, value: float, step: int) -> None:
        """Report an intermediate value; what comes at or after the last rung level waits for the returned one."""
        if self._over:
            raise TrialOver
        metric = self._train.only_metric("report")
        resource = self._resource(step)
        trial = self._trial
        if resource <= trial.resource or resource >= self._train.max_resource:
            return
        metrics = {metric: float(value)}
        goes_on = True
        while goes_on and trial.target < resource:
            goes_on = trial.report(metrics, step=trial.target)
        self._over = not (goes_on and trial.report(metrics, step=resource))

    def should_prune(self) -> bool:
        """Whether the trial must not go on."""
        self._train.only_metric("should_prune")
        if self._train.refuses_pruning:
            raise MisuseError(
                f"{name_of(self._train.objective)} asks trial.should_prune(), which probing was too short to see. "
                "Say how many steps a full training has: scheduler=rung.StoppingASHA(max_resource=100), "
                "or scheduler=rung.FIFO(max_resource=100) if nothing shall be pruned."
            )
        return self._over

    def set_user_attr(self, key: str, value: Any) -> None:
        """Attach something that JSON can hold; `user_attrs(study)` reads it."""
        self.user_attrs[key] = value
        write_user_attrs(self._trial.folder, self.user_attrs)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"trial.{name} is not there under rung. There are suggest_float, suggest_int, suggest_categorical, report, "
            "should_prune, set_user_attr, user_attrs, params, number, datetime_start and study."
        )

    def finish(self, returned: object) -> None:
        """The objective has returned: that counts at the target, and at those that follow."""
        if self._over:
            return
        metrics = self._train.named(returned)
        while self._trial.report(metrics, step=self._trial.target):
            pass

    @property
    def is_over(self) -> bool:
        """Whether rung has ended it."""
        return self._over

    def _resource(self, step: int) -> int:
        step = int(step)
        if step < 0:
            raise ValueError(f"the step of a report must not be negative, got {step}.")
        if self._offset is None:
            self._offset = 1 if step == 0 else 0
        return step + self._offset

    def _answer(self, name: str, asked: Parameter) -> Scalar:
        config = self._trial.config
        if name not in config:
            raise MisuseError(_missed(name, asked, self._train.space))
        if fault := _fault(asked, config[name]):
            raise MisuseError(
                f"{name} {fault.rstrip()} The study's space and the objective must agree: "
                "mend one of them, or give the study another name."
            )
        return config[name]


@dataclass(frozen=True, slots=True)
class ObjectiveTrain:
    """An Optuna objective as a training function.

    Attributes:
        objective: The objective.
        space: The study's space, for messages.
        metrics: The study's metrics, in the order in which the objective returns them.
        max_resource: From here on nothing is decided.
        study: What the objective may know of its study.
        refuses_pruning: Whether to stop the study at `should_prune()`, as nobody knew that the objective prunes.
    """

    objective: Objective
    space: Space
    metrics: tuple[str, ...]
    max_resource: int
    study: StudyFace
    refuses_pruning: bool = False

    @property
    def __name__(self) -> str:
        """For messages."""
        return name_of(self.objective)

    def __call__(self, trial: Trial) -> None:
        """Call the objective; what it returns is the value of the trial."""
        face = OptunaTrial(trial, self)
        try:
            returned = self.objective(face)
        except Exception as error:
            if not is_pruned(error):
                raise
            if not face.is_over:  # no place in the code: it is no sign of a fault there if many trials end so
                raise TrainingError(Failure("configuration", "pruned", "the objective gave it up")) from error
            return
        face.finish(returned)

    def only_metric(self, word: str) -> str:
        """The metric, if there is one only."""
        if len(self.metrics) > 1:
            raise MisuseError(
                f"trial.{word}() is for one objective, as in Optuna, got {list(self.metrics)}. "
                f"Leave it out, or return one value."
            )
        return self.metrics[0]

    def named(self, returned: object) -> dict[str, float]:
        """The returned values by metric."""
        several = isinstance(returned, Sequence) and not isinstance(returned, str)
        values: Sequence[Any] = returned if several else [returned]  # type: ignore[assignment]  # Any: float() judges
        if len(values) != len(self.metrics):
            raise TypeError(
                f"{self.__name__} must return {len(self.metrics)} values, {', '.join(self.metrics)}, "
                f"got {returned!r:.60}."
            )
        try:
            return {metric: float(value) for metric, value in zip(self.metrics, values, strict=True)}
        except (TypeError, ValueError):
            raise TypeError(f"{self.__name__} must return numbers, got {returned!r:.60}.") from None


def directions_of(goals: Objectives, metrics: Sequence[str]) -> tuple[StudyDirection, ...]:
    """The direction of each metric."""
    maximized = {goal.metric: goal.maximize for goal in goals}
    return tuple(
        StudyDirection.MAXIMIZE if maximized[metric] else StudyDirection.MINIMIZE for metric in metrics
    )


def is_pruned(error: BaseException) -> bool:
    """Whether this is a `TrialPruned`, Optuna's or ours."""
    optuna = sys.modules.get("optuna.exceptions")
    return isinstance(error, TrialPruned) or (optuna is not None and isinstance(error, optuna.TrialPruned))


def _fault(asked: Parameter, value: Scalar) -> str | None:
    match asked:
        case Constant(value=constant):
            return None if value == constant else f"is {constant!r} in the objective, got {value!r}."
        case Choice(options=options) if place_of(tuple(options), value) is not None:
            return None
        case _:
            return scale(asked).fault(value)


def _missed(name: str, asked: Parameter, space: Space) -> str:
    flat = {column.name: _flat(column) for column in space.columns} | {name: asked}
    constants = {key: each for key, each in space.parameters.items() if isinstance(each, Constant)}
    known = constants | flat
    return (
        f"the objective asks for {name!r}, which the study's space does not have"
        f"{' in this branch' if any(column.name == name for column in space.columns) else ''}: {listed(known)}. "
        f"Probing did not meet it. Give the space: space={known!r}, and the study another name if it is stored."
    )


def _flat(column: Column) -> Parameter:
    parameter = column.parameter
    return Choice(tuple(parameter.options)) if isinstance(parameter, Choice) else parameter
