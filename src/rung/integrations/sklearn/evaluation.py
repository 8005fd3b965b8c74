"""Scoring of candidates by cross-validation, as a training function: one class for each kind of resource.

What is measured goes into the reports, split by split, so that `results.py` makes `cv_results_` from the log alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.model_selection import cross_validate

from rung.core.errors import MisuseError
from rung.core.space import Config
from rung.integrations.sklearn.space import ParameterSpace
from rung.trial import Trial

Indices = npt.NDArray[np.intp]
Split = tuple[Indices, Indices]


@dataclass
class Evaluation(ABC):
    """What all candidates share.

    Attributes:
        estimator: The estimator, to be cloned.
        X: The data.
        y: The targets; None if there are none.
        splits: Rows to train on and to test on, for each fold.
        scoring: As for `cross_validate`.
        objective: The score that is maximized, with its prefix: `test_score`.
        params: What is handed to fit and score, as for `cross_validate`.
        error_score: The score of a fold that fails; None: the first failure ends the search.
        return_train_score: Whether the rows trained on are scored, too.
        space: Turns configurations into parameters.
        raised: The failure that has ended the search.
    """

    estimator: Any
    X: Any
    y: Any
    splits: Sequence[Split]
    scoring: Any
    objective: str
    params: Mapping[str, Any]
    error_score: float | None
    return_train_score: bool
    space: ParameterSpace
    raised: Exception | None = None

    @abstractmethod
    def __call__(self, trial: Trial) -> None:
        """Score the candidate of a trial as far as it may go."""

    def candidate(self, config: Config) -> Any:
        """A new estimator with the parameters of a configuration."""
        parameters = self.space.parameters(config)
        return clone(self.estimator).set_params(
            **{name: clone(value, safe=False) for name, value in parameters.items()}
        )

    def scores(self, estimator: Any, splits: Mapping[int, Split]) -> dict[str, float]:
        """Scores and times on some splits, as `split0_test_score`, and the mean of the objective.

        Raises:
            Exception: What the estimator raised, if it failed on every split.
        """
        found: dict[str, float] = {}
        errors = []
        for number, split in splits.items():
            try:
                measured = self._measured(estimator, split)
            except Exception as error:  # noqa: BLE001  a stranger's estimator may raise anything
                errors.append(error)
                measured = {self.objective: self._failed(error)}
            found |= {f"split{number}_{name}": value for name, value in measured.items()}
        if len(errors) == len(splits):
            raise errors[0]
        found[self.objective] = float(
            np.mean([found[f"split{number}_{self.objective}"] for number in splits])
        )
        return found

    def _measured(self, estimator: Any, split: Split) -> dict[str, float]:
        measured = cross_validate(
            clone(estimator),
            self.X,
            self.y,
            scoring=self.scoring,
            cv=[split],
            params=dict(self.params) or None,
            error_score="raise",
            return_train_score=self.return_train_score,
        )
        return {name: float(values[0]) for name, values in measured.items()}

    def _failed(self, error: Exception) -> float:
        if self.error_score is None:
            self.raised = error
            raise MisuseError(
                f"a fit failed, and error_score is 'raise': {type(error).__name__}: {error}"
            ) from error
        return self.error_score


@dataclass
class BySamples(Evaluation):
    """A unit is one sample: a job trains on so many of all the rows, the same ones for each candidate.

    Attributes:
        n_samples: All of them.
    """

    n_samples: int = 0

    def __call__(self, trial: Trial) -> None:
        """Train on as many samples as the trial may use."""
        splits = {}
        for number, (train, test) in enumerate(self.splits):
            n_rows = max(1, round(len(train) * trial.target / self.n_samples))
            splits[number] = (train[:n_rows], test)
        trial.report(self.scores(self.candidate(trial.config), splits))


@dataclass
class ByFolds(Evaluation):
    """A unit is one fold."""

    def __call__(self, trial: Trial) -> None:
        """Go on fold by fold."""
        estimator = self.candidate(trial.config)
        for fold in trial.steps():
            trial.report(self.scores(estimator, {fold - 1: self.splits[fold - 1]}))


@dataclass
class ByParameter(Evaluation):
    """A unit is one of a parameter of the estimator, such as `n_estimators`.

    Attributes:
        parameter: Its name.
    """

    parameter: str = ""

    def __call__(self, trial: Trial) -> None:
        """Set the parameter to what the trial may use."""
        estimator = self.candidate(trial.config).set_params(**{self.parameter: trial.target})
        trial.report(self.scores(estimator, dict(enumerate(self.splits))))


def spread(rows: Indices, classes: npt.NDArray[Any] | None, rng: np.random.Generator) -> Indices:
    """Rows in a random order of which every beginning holds all classes in their shares.

    Args:
        rows: The rows, shape (n,).
        classes: The class of every row of the data; None: there are none to balance.
        rng: The order is drawn from it.
    """
    shuffled = rng.permutation(rows)
    if classes is None:
        return shuffled
    place = np.empty(len(shuffled))
    for label in np.unique(classes[shuffled]):
        members = np.flatnonzero(classes[shuffled] == label)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return shuffled[np.argsort(place, kind="stable")]
