"""Meta-features of real data sets: what they say, and that a part of a data set is nearest to the whole."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

from rung.core.errors import SpecError
from rung.models.metafeatures import check_features, distances, meta_features

LOADERS = {
    "iris": load_iris,
    "wine": load_wine,
    "cancer": load_breast_cancer,
    "digits": load_digits,
    "diabetes": load_diabetes,
}


@pytest.fixture(scope="module")
def tables():
    return {name: load(return_X_y=True) for name, load in LOADERS.items()}


@pytest.fixture(scope="module")
def known(tables):
    return {name: meta_features(*table) for name, table in tables.items()}


def test_they_say_what_everybody_knows_of_these_data_sets(known):
    iris, digits, diabetes = known["iris"], known["digits"], known["diabetes"]
    assert (iris["rows"], iris["columns"], iris["classes"], iris["balance"]) == (150, 4, 3, pytest.approx(1))
    assert iris["smallest"] == pytest.approx(1 / 3)
    assert known["cancer"]["balance"] == pytest.approx(0.9526, abs=1e-4)  # 212 and 357
    assert digits["accuracy_neighbour"] > 0.95 > digits["accuracy_linear"] > 0.8
    assert (
        digits["accuracy_stump"] < 0.15 < 0.4 < iris["accuracy_stump"]
    )  # one split tells two classes at most
    assert "classes" not in diabetes and 0.4 < diabetes["r2_linear"] < 0.55
    assert diabetes["r2_neighbour"] < 0.1


@pytest.mark.parametrize("name", LOADERS)
def test_half_of_a_data_set_is_nearest_to_the_whole(name, tables, known):
    X, y = tables[name]
    half = np.random.default_rng(1).permutation(len(y))[: len(y) // 2]
    apart = distances(meta_features(X[half], y[half]), list(known.values()))
    assert list(known)[int(apart.argmin())] == name


def test_with_fewer_columns_missing_values_and_noise_it_is_still_nearest(tables, known):
    X, y = tables["cancer"]
    draw = np.random.default_rng(0)
    X = X[:, ::2] + 0.1 * X.std(axis=0)[::2] * draw.normal(size=(len(y), 15))
    X[draw.random(X.shape) < 0.02] = np.nan
    found = meta_features(X, y)
    assert found["missing"] == pytest.approx(0.02, abs=0.005)
    assert list(known)[int(distances(found, list(known.values())).argmin())] == "cancer"


def test_classes_and_numbers_are_not_compared(known):
    apart = distances(known["diabetes"], [known["iris"], known["diabetes"], {}])
    assert apart.tolist() == [np.inf, 0.0, np.inf]


def test_the_same_rows_give_the_same_numbers_and_scales_do_not_matter(tables):
    X, y = tables["wine"]
    first = meta_features(X, y)
    assert meta_features(X, y) == first
    scaled = meta_features(X * 1000 - 5, np.array(["a", "b", "c"])[y])
    assert scaled == {name: pytest.approx(value, abs=1e-6) for name, value in first.items()}


def test_text_none_and_categories_are_read_from_arrays_and_frames():
    pd = pytest.importorskip("pandas")
    draw = np.random.default_rng(0)
    color = draw.choice(["red", "green", "blue"], 60)
    y = color == "red"
    frame = pd.DataFrame(
        {"color": color, "grade": pd.Categorical(draw.integers(0, 3, 60)), "x": draw.random(60)}
    )
    frame.loc[:5, "x"] = None
    found = meta_features(frame, y)
    assert found["categorical"] == pytest.approx(2 / 3) and found["missing"] == pytest.approx(6 / 180)
    assert found["accuracy_stump"] == found["accuracy_linear"] == 1.0
    table = np.column_stack([color.astype(object), np.array([None, *draw.random(59)])])
    assert meta_features(table, y)["missing"] == pytest.approx(1 / 120)


def test_what_has_no_landmarks_has_the_rest():
    X = np.random.default_rng(0).random((12, 2))
    assert {name[:4] for name in meta_features(X, np.ones(12))} == {
        "rows",
        "colu",
        "cate",
        "miss",
        "skew",
        "clas",
        "bala",
        "smal",
    }
    assert "r2_linear" not in meta_features(X, np.full(12, 0.5), task="regression")
    rare = meta_features(X, np.array([0] * 6 + [1] * 5 + [2]), task="classification")
    assert rare["classes"] == 3 and "accuracy_linear" in rare  # a class of one row cannot be cross-validated


def test_a_number_may_be_far_off_without_deciding_alone():
    others = [{"a": 0.1, "b": 0.0, "c": 5.0}, {"a": 0.9, "b": 0.0, "c": 5.1}, {"a": 0.5, "b": 1e9, "c": 5.2}]
    apart = distances({"a": 0.1, "b": 0.0, "c": 5.0}, others)
    assert apart[0] == 0.0 and apart[1] < apart[2] < 20


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (np.zeros(5), np.zeros(5), "X must be a table"),
        (np.zeros((8, 2)), np.zeros(7), "a value for each of the 8 rows"),
        (np.zeros((4, 2)), np.zeros(4), "need 6 rows, got 4"),
        (np.zeros((8, 2)), np.full(8, np.nan), "y has missing values"),
    ],
)
def test_what_is_no_data_set_is_refused(X, y, words):
    with pytest.raises(SpecError, match=words):
        meta_features(X, y)


@pytest.mark.parametrize(
    ("task", "words"), [("ranking", "one of classification"), ("regression", "no numbers")]
)
def test_a_task_that_there_is_not_or_that_the_target_is_none_of_is_refused(task, words):
    with pytest.raises(SpecError, match=words):
        meta_features(np.zeros((8, 2)), np.array(["a", "b"] * 4), task=task)


@pytest.mark.parametrize("features", [{}, {"a": "1"}, {"a": float("nan")}, {"a": True}, {1: 1.0}, [1.0]])
def test_what_is_no_description_is_refused(features):
    with pytest.raises(SpecError, match="number"):
        check_features(features)
