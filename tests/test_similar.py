"""Studies that were described are found again, and a new one is warm-started by the nearest of them."""

import pytest

import rung

SPACE = {"x": rung.Float(0, 1)}
KINDS = {
    "small": {"rows": 100.0, "skill": 0.2},
    "large": {"rows": 1e6, "skill": 0.9},
    "middle": {"rows": 1e4, "skill": 0.5},
}


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "all.db"
    for name, features in KINDS.items():
        with rung.Study(name, SPACE, minimize="loss", store=path) as study:
            study.describe(features)
            study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=3))
    rung.Study("unknown", SPACE, minimize="loss", store=path).close()
    return path


def train(trial):
    trial.report(loss=trial.config["x"])


def test_the_nearest_are_found_in_a_store_and_warm_start_another_study(store):
    features = {"rows": 2e4, "skill": 0.6}
    found = rung.nearest(features, store=store, k=2)
    assert found == [f"{store}/middle", f"{store}/large"]
    study = rung.Study("new", SPACE, minimize="loss", store=store, warm_start=found)
    study.describe(features)
    assert [past.study for past in study.history.past] == ["middle", "large"]
    assert rung.nearest(features, store=store, k=1) == [f"{store}/new"]
    assert rung.nearest(features, store=store, k=1, leave_out=["new"]) == found[:1]


def test_they_may_be_named_or_given(store):
    features = KINDS["small"]
    assert rung.nearest(features, ["large", "small"], store=store, k=1) == ["small"]
    large, small = rung.Study.load("large", store), rung.Study.load("small", store)
    assert rung.nearest(features, [large, small]) == [small, large]
    assert rung.nearest({"other": 1.0}, store=store) == []


def test_a_description_stands_in_the_log_once_and_the_last_one_holds(store):
    study = rung.Study.load("small", store)
    before = study.state.seq
    study.describe(KINDS["small"])
    assert study.state.seq == before
    study.describe({"rows": 7})
    study.close()
    again = rung.Study.load("small", store)
    assert again.features == {"rows": 7.0} and again.best.value is not None
    assert rung.Study.load("unknown", store).features == {}


def test_what_is_asked_wrongly_is_refused(store):
    with pytest.raises(rung.SpecError, match="k must be a whole number"):
        rung.nearest(KINDS["small"], store=store, k=0)
    with pytest.raises(rung.StudyNotFoundError):
        rung.nearest(KINDS["small"], ["nobody"], store=store)
    with pytest.raises(rung.SpecError, match="feature 'rows' must be a finite number"):
        rung.Study.load("small", store).describe({"rows": "many"})
