"""Repetitions of a confirmation are no rows of the view `trials`, in which the others stand as before."""

import rung
from rung.stores.events import Store
from stores.places import Place


def test_the_view_of_trials_holds_those_of_the_search(store: Store, place: Place) -> None:
    space = rung.Space(x=rung.Float(0, 1))
    study = rung.Study("noisy", space, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=None)
    pool = rung.Simulated(problem=rung.LearningCurves(space, noise=0.1))
    study.run(executor=pool, budget=rung.Budget(trials=12))
    study.confirm(executor=pool, top=2, seeds=2, neighbours=2)
    study.run(executor=pool, budget=rung.Budget(trials=15))
    store.create("noisy", list(study.events()))
    found = place.rows("SELECT trial, status, resource, source FROM trials ORDER BY trial")
    assert found == [(trial.number, trial.status, trial.resource, trial.source) for trial in study.trials]
    assert len(found) == 15
    assert found[-1][0] == 20
