"""`SearchCV`: a search over parameters as a scikit-learn estimator, with samples, folds or a parameter as the resource.

Prediction, scoring and tags are those of scikit-learn's own searches; a study decides what is fitted.
"""

import math
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone, is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.model_selection._search import BaseSearchCV  # the base that scikit-learn's own searches share
from sklearn.utils import check_random_state, indexable
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.multiclass import check_classification_targets

from rung.core.budget import Budget
from rung.core.decision import SchedulerSpec
from rung.core.errors import MisuseError, ObjectiveError, SpecError
from rung.core.resource import Fraction, Replicates, Resource, check_count
from rung.core.suggestion import SearcherSpec
from rung.executors.base import Executor
from rung.executors.inprocess import InProcess
from rung.executors.local import Local
from rung.integrations.sklearn.evaluation import ByFolds, ByParameter, BySamples, Evaluation, Split, spread
from rung.integrations.sklearn.results import Row, cv_results, rows
from rung.integrations.sklearn.space import ParameterSpace, parameter_space
from rung.schedulers.asha import ASHA
from rung.searchers.grid import GridSearch
from rung.searchers.random import RandomSearch
from rung.study import Study

_ETA = 3


class SearchCV(BaseSearchCV):
    """Search over the parameters of an estimator; few candidates get much of the resource.

    Args:
        estimator: What is tuned.
        space: Parameters by name (`step__parameter` in a pipeline): rung's parameters, lists, SciPy's `loguniform`,
            `uniform` and `randint`, plain values.
        n_trials: How many candidates are tried; a finite space that is not larger is tried completely.
        resource: What rises from rung to rung: "n_samples" to train on, "folds", or a parameter of the estimator, such
            as "n_estimators", for which a scheduler must say the maximum.
        scheduler: Which candidate gets more, in units of the resource; None: `ASHA` from few samples, or one fold.
        searcher: Which candidate is tried next; None: `RandomSearch`.
        cv: Folds, as everywhere in scikit-learn.
        scoring: A score or several, as everywhere in scikit-learn; higher is better.
        refit: Whether the best is fitted on all data; the name of its score if there are several; or a function from
            `cv_results_` to the row of the best.
        n_jobs: Worker processes; None or 1: in this process; -1: one for each processor.
        error_score: The score of a fold that fails, or "raise".
        return_train_score: Whether the rows trained on are scored, too.
        random_state: From which everything random in the search derives; not the estimator's own.
        store: The log of the study: a path, or None: memory.
        name: The name of the study in its store. A fit goes on with the study of that name: data that have changed
            need another one.

    Attributes:
        study_: The study. A pickle goes without it.
        best_estimator_: The best candidate, fitted on all data.
        best_params_: Its parameters.
        best_score_: Its mean score.
        best_index_: Its row in `cv_results_`.
        cv_results_: A row for each candidate and resource that it got; with folds, a row for each candidate.
        scorer_: The scorer, or a dict of them.
        n_splits_: Number of folds.
        refit_time_: Seconds that the last fit took.
        multimetric_: Whether there are several scores.
    """

    def __init__(
        self,
        estimator: Any,
        space: Any,
        *,
        n_trials: int = 30,
        resource: str = "n_samples",
        scheduler: SchedulerSpec | None = None,
        searcher: SearcherSpec | None = None,
        cv: Any = None,
        scoring: Any = None,
        refit: Any = True,
        n_jobs: int | None = None,
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = False,
        random_state: Any = None,
        store: str | Path | None = None,
        name: str = "search",
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.n_trials = n_trials
        self.resource = resource
        self.scheduler = scheduler
        self.searcher = searcher
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.n_jobs = n_jobs
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.random_state = random_state
        self.store = store
        self.name = name

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Search, and fit the best candidate on all data.

        Args:
            X: The data.
            y: The targets, if there are any.
            params: Handed to the estimator's `fit`; `groups` to the splitter.

        Raises:
            SpecError: If the options do not fit each other or the estimator.
            ValueError: If every fit fails.
        """
        check_count("n_trials", self.n_trials)
        space = parameter_space(self.space)
        self._check_names(space)
        self.scorer_ = self._scorer()
        self.multimetric_ = isinstance(self.scorer_, dict)
        X, y = indexable(X, y)
        to_splitter, to_scores, to_fit = self._routed(params)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits = list(cv.split(X, y, **to_splitter))
        self.n_splits_ = len(splits)
        evaluation = self._evaluation(X, y, splits, to_scores, space)
        self.study_ = self._study(space, evaluation, y)
        self._search(evaluation)
        self._read(space)
        if self.refit:
            self._refit(X, y, to_fit)
        return self

    # The search

    def _check_names(self, space: ParameterSpace) -> None:
        known = self.estimator.get_params()
        for column in space.space.columns:
            if column.name not in known:
                raise SpecError(
                    f"{column.name!r} is no parameter of {type(self.estimator).__name__}. "
                    "See estimator.get_params() for their names."
                )
        if self.resource in space.space.parameters:
            raise SpecError(
                f"{self.resource!r} is the resource, so it cannot be searched. Leave it out of the space."
            )
        if self.resource not in {"n_samples", "folds"} and self.resource not in known:
            raise SpecError(
                f"resource must be 'n_samples', 'folds' or a parameter of {type(self.estimator).__name__}, "
                f"got {self.resource!r}."
            )

    def _scorer(self) -> Any:
        scoring = self.scoring
        if isinstance(scoring, list | tuple | set):
            scoring = {name: name for name in sorted(scoring)}
        if not isinstance(scoring, Mapping):
            return check_scoring(self.estimator, scoring)
        if self.refit is True or (isinstance(self.refit, str) and self.refit not in scoring):
            raise SpecError(
                f"with several scores refit must name the one that decides, got refit={self.refit!r}. "
                f"Name one of {sorted(scoring)}."
            )
        return {name: check_scoring(self.estimator, each) for name, each in scoring.items()}

    def _metric(self) -> str:
        """Name of the score that decides."""
        if not self.multimetric_:
            return "score"
        return self.refit if isinstance(self.refit, str) else next(iter(self.scorer_))

    def _routed(self, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """What goes to the splitter, to fits and scores within the search, and to the last fit."""
        if _routing_enabled():
            routed = process_routing(self, "fit", **params)
            wanted = {*routed.estimator.fit, *routed.scorer.score}
            scores = {name: value for name, value in params.items() if name in wanted}
            return dict(routed.splitter.split), scores, dict(routed.estimator.fit)
        rest = {name: value for name, value in params.items() if name != "groups"}
        return {"groups": params.get("groups")}, rest, rest

    def _evaluation(
        self, X: Any, y: Any, splits: list[Split], params: dict[str, Any], space: ParameterSpace
    ) -> Evaluation:
        shared = {
            "estimator": clone(self.estimator),
            "X": X,
            "y": y,
            "splits": splits,
            "scoring": self.scorer_,
            "objective": f"test_{self._metric()}",
            "params": params,
            "error_score": None if self.error_score == "raise" else self.error_score,
            "return_train_score": self.return_train_score,
            "space": space,
        }
        if self.resource == "folds":
            return ByFolds(**shared)
        if self.resource != "n_samples":
            return ByParameter(**shared, parameter=self.resource)
        rng = np.random.default_rng(self._seed())
        classes = self._classes(y)
        shared["splits"] = [(spread(train, classes, rng), test) for train, test in splits]
        return BySamples(**shared, n_samples=_n_rows(X))

    def _classes(self, y: Any) -> Any:
        """The targets if they are classes, else None."""
        if y is None or not is_classifier(self.estimator):
            return None
        check_classification_targets(y)
        classes = np.asarray(y)
        if classes.ndim == 2 and classes.shape[1] == 1:
            classes = classes[:, 0]
        return classes if classes.ndim == 1 else None

    def _study(self, space: ParameterSpace, evaluation: Evaluation, y: Any) -> Study:
        scheduler = self.scheduler or self._halving(evaluation, y)
        self._check_maximum(scheduler, evaluation)
        small = space.space.size <= self.n_trials
        searcher = GridSearch() if small and self.searcher is None else self.searcher
        return Study(
            self.name,
            space.space,
            maximize=evaluation.objective,
            resource=self._kind(),
            scheduler=scheduler,
            searcher=searcher or RandomSearch(),
            seed=self._seed(),
            store=self.store,
        )

    def _check_maximum(self, scheduler: SchedulerSpec, evaluation: Evaluation) -> None:
        there = evaluation.n_samples if isinstance(evaluation, BySamples) else self.n_splits_
        asked = getattr(scheduler, "max_resource", 0)  # a scheduler of someone else may have none
        if asked > there and not isinstance(evaluation, ByParameter):
            raise SpecError(
                f"the scheduler goes to {asked}, but there are {there} {self.resource.removeprefix('n_')}. "
                f"Write max_resource={there}."
            )

    def _kind(self) -> Resource:
        if self.resource == "folds":
            return Replicates("fold")
        return Fraction("sample" if self.resource == "n_samples" else self.resource)

    def _halving(self, evaluation: Evaluation, y: Any) -> SchedulerSpec:
        """From so little that about one candidate comes through, to all."""
        if isinstance(evaluation, ByFolds):
            return ASHA(max_resource=self.n_splits_, eta=_ETA)
        if not isinstance(evaluation, BySamples):
            raise SpecError(
                f"resource={self.resource!r} needs a scheduler that says how far it goes. "
                f"Write scheduler=rung.ASHA(min_resource=10, max_resource=300)."
            )
        classes = self._classes(y)
        n_classes = 1 if classes is None else len(np.unique(classes))
        return _sample_levels(evaluation.n_samples, 2 * self.n_splits_ * n_classes, self.n_trials)

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _search(self, evaluation: Evaluation) -> None:
        workers = effective_n_jobs(self.n_jobs)
        executor: Executor = InProcess() if workers == 1 else Local(workers)
        try:
            self.study_.run(evaluation, executor=executor, budget=Budget(trials=self.n_trials))
        except MisuseError as error:
            raise evaluation.raised or error from error
        except ObjectiveError as error:
            raise ValueError(f"every fit fails: {error}\n{error.traceback}") from error
        if self.study_.interrupted:
            raise KeyboardInterrupt
        self._tell_failures()

    def _tell_failures(self) -> None:
        failed = [trial.failure for trial in self.study_.trials if trial.failure is not None]
        if failed and len(failed) == len(self.study_.trials):
            raise ValueError(f"every fit fails, the first with {failed[0].message}\n{failed[0].traceback}")
        if failed:
            warnings.warn(
                f"{len(failed)} of {len(self.study_.trials)} candidates failed, the first with {failed[0].message}. "
                "study_.trials[n].failure holds the tracebacks.",
                FitFailedWarning,
                stacklevel=3,
            )

    # Results

    def _read(self, space: ParameterSpace) -> None:
        table = rows(self.study_)
        parameters = [self._parameters(space, row) for row in table]
        self.cv_results_ = cv_results(table, parameters, self.n_splits_, self._measures())
        if callable(self.refit):
            self.best_index_ = self.refit(self.cv_results_)
        elif self.refit or not self.multimetric_:
            best = self.study_.best
            self.best_index_ = next(
                n for n, row in enumerate(table) if (row.trial, row.resource) == (best.number, best.resource)
            )
            self.best_score_ = self.cv_results_[f"mean_test_{self._metric()}"][self.best_index_]
        else:
            return
        self.best_params_ = parameters[self.best_index_]

    def _parameters(self, space: ParameterSpace, row: Row) -> dict[str, Any]:
        found = space.parameters(self.study_.trials[row.trial].config)
        return found if self.resource in {"n_samples", "folds"} else {**found, self.resource: row.resource}

    def _measures(self) -> list[str]:
        scores = list(self.scorer_) if self.multimetric_ else ["score"]
        kinds = ["test", "train"] if self.return_train_score else ["test"]
        return ["fit_time", "score_time", *[f"{kind}_{score}" for score in scores for kind in kinds]]

    def _refit(self, X: Any, y: Any, params: Mapping[str, Any]) -> None:
        began = time.perf_counter()
        parameters = {name: clone(value, safe=False) for name, value in self.best_params_.items()}
        self.best_estimator_ = clone(self.estimator).set_params(**parameters)
        if y is None:
            self.best_estimator_.fit(X, **params)
        else:
            self.best_estimator_.fit(X, y, **params)
        self.refit_time_ = time.perf_counter() - began
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_

    def __getstate__(self) -> dict[str, Any]:
        """All but the study, which holds its store."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "study_"}


def _sample_levels(n_samples: int, lowest: int, n_trials: int) -> SchedulerSpec:
    """Halving that counts down from all samples, to `lowest` at most, by as many rungs as the candidates fill."""
    n_rungs = int(math.log(n_trials, _ETA) + 1e-9)
    levels = [level for k in range(n_rungs, 0, -1) if (level := n_samples // _ETA**k) >= lowest]
    return ASHA(max_resource=n_samples, eta=_ETA, levels=(*levels, n_samples))


def _routing_enabled() -> bool:
    import sklearn

    return bool(sklearn.get_config().get("enable_metadata_routing"))


def _n_rows(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)
