"""scikit-learn: SearchCV keeps scikit-learn's own contract; iterative estimators resume exactly."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import loguniform, norm, randint, uniform
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

import rung
from integrations.interrupted import assert_resumes_exactly, reports
from rung.integrations.sklearn import SearchCV, fit_in_steps
from rung.integrations.sklearn.evaluation import spread

X, Y = make_classification(n_samples=120, n_features=6, n_informative=4, flip_y=0.1, random_state=0)


# Iterative estimators


@pytest.mark.parametrize(
    ("estimator", "every"),
    [
        (SGDClassifier(loss="log_loss", average=True, random_state=np.random.RandomState(3)), 1),
        (MLPClassifier((5,), batch_size=16, random_state=3), 2),
        (GaussianNB(), 1),
        (GradientBoostingClassifier(subsample=0.5, max_features=2, random_state=3), 4),
        (HistGradientBoostingClassifier(max_features=0.5, early_stopping=False, random_state=3), 4),
        (RandomForestClassifier(max_depth=3, random_state=np.random.RandomState(3)), 4),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_iterative_estimator_resumes_exactly(estimator, every: int, tmp_path: Path) -> None:
    prior = X[:80] * np.linspace(1, 3, 80)[:, None]  # GaussianNB, too, changes with each pass

    def train(trial):
        measure = lambda model: {"loss": float(np.abs(model.predict_proba(X[80:])[:, 1] - Y[80:]).mean())}  # noqa: E731
        fresh = pickle.loads(pickle.dumps(estimator))
        return fit_in_steps(trial, fresh, prior, Y[:80], evaluate=measure, every=every)

    def check() -> None:
        assert_resumes_exactly(
            train, "loss", [1, 3, 5], tmp_path, lambda model: model.predict_proba(X).tobytes()
        )

    if isinstance(estimator, GaussianNB):
        with pytest.raises(AssertionError, match="learns nothing"):  # the same rows again: the same estimates
            check()
    else:
        check()


def test_the_unit_is_the_number_of_trees(tmp_path: Path) -> None:
    sizes = []

    def train(trial):
        forest = RandomForestClassifier(random_state=0)
        fit_in_steps(
            trial,
            forest,
            X,
            Y,
            evaluate=lambda model: sizes.append(len(model.estimators_)) or {"loss": 1 / len(sizes)},
            every=5,
        )

    reports(train, "loss", [1, 3], tmp_path)
    assert sizes == [5, 10, 15]


def test_an_estimator_that_cannot_grow_is_said() -> None:
    with pytest.raises(rung.SpecError, match="needs partial_fit, or warm_start with n_estimators, got SVC"):
        fit_in_steps(None, SVC(), X, Y, evaluate=lambda model: {})


# SearchCV and scikit-learn's contract


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("estimator", "space", "resource"),
    [
        (LogisticRegression(), {"C": [0.1, 1.0]}, "n_samples"),
        (make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [0.1, 1.0]}, "folds"),
    ],
    ids=["samples", "folds"],
)
@pytest.mark.filterwarnings("ignore")  # the checks look at warnings themselves
def test_scikit_learns_own_checks_pass(estimator, space: dict, resource: str) -> None:
    search = SearchCV(estimator, space, cv=2, error_score="raise", random_state=0, resource=resource)
    results = check_estimator(search, on_fail=None, on_skip=None)
    assert sum(each["status"] == "passed" for each in results) > 30
    failed = {each["check_name"] for each in results if each["status"] == "failed"}
    assert failed <= {"check_supervised_y_2d"}  # HalvingRandomSearchCV does not pass it either


def svc(**options) -> SearchCV:
    space = {
        "C": loguniform(1e-2, 1e2),
        "kernel": rung.Choice({"rbf": {"gamma": rung.Float(0.01, 1, log=True)}, "linear": {}}),
    }
    return SearchCV(SVC(), space, **{"n_trials": 9, "cv": 3, "random_state": 0, **options})


@pytest.mark.parametrize("resource", ["n_samples", "folds"])
def test_the_results_have_scikit_learns_form(resource: str) -> None:
    search = svc(resource=resource, return_train_score=True).fit(X, Y)
    results = search.cv_results_
    assert len({len(column) for column in results.values()}) == 1
    assert np.ma.is_masked(results["param_gamma"])  # a linear kernel has none
    best = search.best_index_
    assert results["params"][best] == search.best_params_
    assert (
        results["n_resources"][best] == max(results["n_resources"]) == (120 if resource == "n_samples" else 3)
    )
    splits = [results[f"split{n}_test_score"] for n in range(3)]
    assert search.best_score_ == pytest.approx(np.mean([split[best] for split in splits]))
    assert search.best_score_ == search.study_.best_value
    rows_at_the_top = results["n_resources"] == max(results["n_resources"])
    assert search.best_score_ == max(results["mean_test_score"][rows_at_the_top])
    assert {"iter", "mean_fit_time", "std_score_time", "rank_test_score", "mean_train_score"} <= set(results)
    assert search.predict(X).shape == (120,)
    assert search.score(X, Y) == search.best_estimator_.score(X, Y)
    assert search.n_splits_ == 3
    assert not hasattr(search, "predict_proba")


def test_folds_are_run_only_as_far_as_a_candidate_is_promoted() -> None:
    results = svc(resource="folds").fit(X, Y).cv_results_
    run = np.isfinite([results[f"split{n}_test_score"] for n in range(3)]).sum(axis=0)
    assert run.tolist() == results["n_resources"].tolist()
    assert set(run) == {1, 3}


def test_the_last_rung_scores_as_cross_validation_does() -> None:
    from sklearn.model_selection import cross_val_score

    search = svc().fit(X, Y)
    again = cross_val_score(clone(search.estimator).set_params(**search.best_params_), X, Y, cv=3)
    assert search.best_score_ == pytest.approx(again.mean())


def test_the_same_random_state_gives_the_same_search() -> None:
    first, second = svc().fit(X, Y), svc().fit(X, Y)
    assert first.cv_results_["params"] == second.cv_results_["params"]
    assert first.best_params_ != svc(random_state=1).fit(X, Y).best_params_


def test_workers_measure_what_one_process_does() -> None:
    alone = SearchCV(SVC(), {"C": [0.1, 1.0, 10.0]}, cv=3, scheduler=rung.FIFO(120), random_state=0)
    shared = clone(alone).set_params(n_jobs=2).fit(X, Y)
    alone.fit(X, Y)
    names = ["params", "split0_test_score", "mean_test_score", "rank_test_score"]
    for name in names:
        assert list(shared.cv_results_[name]) == list(alone.cv_results_[name])


def test_a_parameter_may_be_the_resource() -> None:
    scheduler = rung.ASHA(min_resource=2, max_resource=8, eta=2)
    space = {"max_depth": [1, 2, 3, None]}
    search = SearchCV(
        RandomForestClassifier(random_state=0), space, resource="n_estimators", scheduler=scheduler, cv=2
    )
    search.fit(X, Y)
    assert search.best_params_["n_estimators"] == 8
    assert len(search.best_estimator_.estimators_) == 8


def test_several_scores() -> None:
    search = svc(scoring=["accuracy", "roc_auc"], refit="roc_auc").fit(X, Y)
    results = search.cv_results_
    assert search.best_score_ == results["mean_test_roc_auc"][search.best_index_]
    assert "rank_test_accuracy" in results
    assert search.score(X, Y) == search.scorer_["roc_auc"](search.best_estimator_, X, Y)


def test_refit_may_choose_by_itself() -> None:
    search = svc(refit=lambda results: int(np.argmin(results["mean_test_score"]))).fit(X, Y)
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]


def test_objects_of_any_kind_are_options() -> None:
    pipeline = make_pipeline(StandardScaler(), KNeighborsClassifier())
    space = {
        "standardscaler": [StandardScaler(), MinMaxScaler(), "passthrough"],
        "kneighborsclassifier__n_neighbors": randint(1, 9),
        "kneighborsclassifier__weights": np.array(["uniform", "distance"]),
    }
    search = SearchCV(pipeline, space, n_trials=6, cv=2, random_state=1).fit(X, Y)
    kinds = {type(each["standardscaler"]) for each in search.cv_results_["params"]}
    assert len(kinds) > 1
    assert {each["kneighborsclassifier__n_neighbors"] for each in search.cv_results_["params"]} <= set(
        range(1, 9)
    )


def test_an_unsupervised_estimator_and_groups() -> None:
    SearchCV(KMeans(n_init=1, random_state=0), {"n_clusters": rung.Int(2, 5)}, n_trials=4, cv=2).fit(
        X
    ).transform(X)
    groups = np.repeat(np.arange(6), 20)
    search = SearchCV(Ridge(), {"alpha": uniform(0.1, 2)}, n_trials=3, cv=GroupKFold(3)).fit(
        X, Y, groups=groups
    )
    assert search.n_splits_ == 3


def test_a_small_finite_space_is_tried_completely() -> None:
    search = SearchCV(Ridge(), {"alpha": [0.1, 1, 10], "fit_intercept": [True, False]}, cv=2).fit(X, Y)
    assert len(search.study_.trials) == 6


def test_a_candidate_that_fails_is_worst_and_told() -> None:
    search = SearchCV(Ridge(), {"alpha": [1.0, -1.0, 2.0]}, cv=2)
    with pytest.warns(FitFailedWarning, match="1 of 3 candidates failed"):
        search.fit(X, Y)
    failed = [row for row, each in enumerate(search.cv_results_["params"]) if each["alpha"] == -1]
    assert np.isnan(search.cv_results_["mean_test_score"][failed]).all()
    assert (search.cv_results_["rank_test_score"][failed] == max(search.cv_results_["rank_test_score"])).all()


def test_the_first_failure_is_raised_if_asked_for() -> None:
    with pytest.raises(ValueError, match="alpha"):
        SearchCV(Ridge(), {"alpha": [-1.0]}, error_score="raise").fit(X, Y)
    with pytest.raises(ValueError, match="every fit fails"):
        SearchCV(Ridge(), {"alpha": uniform(-3, 1)}, n_trials=5).fit(X, Y)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"space": {"D": [1]}}, "'D' is no parameter of SVC"),
        ({"space": {"C": norm(0, 1)}}, "a distribution of kind 'norm'"),
        ({"space": [{"C": [1]}]}, "a space is a dict"),
        ({"resource": "epochs"}, "must be 'n_samples', 'folds' or a parameter of SVC, got 'epochs'"),
        ({"resource": "max_iter"}, "needs a scheduler that says how far it goes"),
        ({"resource": "C"}, "'C' is the resource"),
        ({"scoring": ["accuracy", "roc_auc"]}, "refit must name the one that decides"),
        ({"n_trials": 0}, "n_trials must be a whole number"),
        ({"scheduler": rung.ASHA(max_resource=1000)}, "goes to 1000, but there are 120"),
    ],
)
def test_bad_input_gets_a_sentence(options: dict, sentence: str) -> None:
    with pytest.raises(rung.SpecError, match=sentence):
        SearchCV(SVC(), **{"space": {"C": [1.0, 2.0]}, **options}).fit(X, Y)


def test_a_pickle_keeps_the_results_without_the_study() -> None:
    search = svc().fit(X, Y)
    again = pickle.loads(pickle.dumps(search))
    assert (again.predict(X) == search.predict(X)).all()
    assert not hasattr(again, "study_")


def test_a_store_keeps_the_study(tmp_path: Path) -> None:
    search = svc(store=tmp_path / "search.db", name="svc").fit(X, Y)
    with rung.Study.load("svc", tmp_path / "search.db") as study:
        assert study.best_value == search.best_score_
    more = svc(store=tmp_path / "search.db", name="svc", n_trials=12).fit(X, Y)
    assert len(more.study_.trials) == 12


def test_every_beginning_of_an_order_holds_all_classes() -> None:
    classes = np.repeat([0, 1, 2], [10, 20, 70])
    order = spread(np.arange(100), classes, np.random.default_rng(0))
    assert sorted(order) == list(range(100))
    for n in (10, 30, 50):
        assert np.bincount(classes[order[:n]]) == pytest.approx([0.1 * n, 0.2 * n, 0.7 * n], abs=1)


def test_a_regression_is_searched_by_samples() -> None:
    rows, target = make_regression(n_samples=90, n_features=5, noise=5, random_state=0)
    search = SearchCV(Ridge(), {"alpha": loguniform(1e-3, 1e3)}, n_trials=9, cv=3, random_state=0).fit(
        rows, target
    )
    assert search.best_score_ > 0.9
