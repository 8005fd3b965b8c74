"""Studies in which a configuration that is complete is not trained again."""

import json
import sqlite3

import pytest

import rung
from registered import TAGS, resource, scheduler
from rung.core import event as ev
from rung.core.errors import ContradictionError
from rung.core.why import Why
from rung.tables import table

SPACE = {"n": rung.Int(0, 2), "m": rung.Int(0, 2)}


class Trained:
    """A training that counts what it does, each time with another value."""

    def __init__(self):
        self.units = 0

    def __call__(self, trial):
        for step in trial.steps():
            self.units += 1
            trial.report(
                loss=trial.config["n"] * trial.config["m"] + 1 / step + trial.number / 1000, cost=2.0
            )


def study_of(name="s", store=None, **options):
    options = {"searcher": rung.RandomSearch(), "scheduler": rung.FIFO(max_resource=3)} | options
    return rung.Study(name, SPACE, minimize="loss", duplicates="reuse", store=store, **options)


def run(study, train=None, **budget):
    budget = rung.Budget(**(budget or {"trials": 60}))
    return study.run(train or Trained(), executor=rung.InProcess(), budget=budget)


def test_what_is_complete_is_not_trained_again_and_costs_nothing():
    train = Trained()
    study = run(study_of(), train)
    again = [trial for trial in study.trials if trial.reuses is not None]
    assert len(study.trials) - len(again) == 9 and len(again) >= 3
    assert study.ended == "every configuration of the space was suggested"
    assert train.units == study.state.account.resource == study.state.account.trained == 27
    assert study.state.account.reserved == 0 and study.state.account.cost == 54.0
    for trial in again:
        first = study.trials[trial.reuses]
        assert (trial.config, trial.value, trial.status) == (first.config, first.value, "complete")
        assert trial.seconds == 0.0 and first.reuses is None
    assert study.best.reuses is None


def test_the_log_says_whose_values_they_are(tmp_path):
    url = str(tmp_path / "s.db")
    study = run(study_of(store=url))
    trial = next(trial for trial in study.trials if trial.reuses is not None)
    first = study.trials[trial.reuses]
    told = [line.text for line in study.story(trial.number)]
    assert told[0].startswith(f"suggested by the searcher again after trial {first.number}")
    assert told[1].startswith(f"takes over what trial {first.number} came to up to 3 steps")
    assert told[2].startswith("took over steps 1 to 3: loss")
    assert table(study.state)[1][trial.number]["reuses"] == first.number
    study.close()
    with sqlite3.connect(url) as database:
        ask = "SELECT resource, value FROM reports WHERE trial = ? AND metric = 'loss' ORDER BY resource"
        assert (
            database.execute(ask, (trial.number,)).fetchall()
            == database.execute(ask, (first.number,)).fetchall()
        )
        rows = database.execute("SELECT trial, status, seconds, config FROM trials").fetchall()
    assert {row[1] for row in rows} == {"complete"} and rows[trial.number][2] == 0.0
    assert json.loads(rows[trial.number][3]) == first.config


def test_models_know_how_long_it_took_when_it_was_trained():
    study = run(study_of())
    view, trial = study.history, next(trial for trial in study.trials if trial.reuses is not None)
    assert list(view.seconds[view.trials == trial.number]) == list(view.seconds[view.trials == trial.reuses])
    assert view.seconds.min() > 0


@pytest.mark.parametrize("tag", TAGS)
def test_every_scheduler_goes_on_with_what_was_taken_over(tag):
    study = study_of(tag, scheduler=scheduler(tag), resource=resource(tag))
    study.run(Trained(), executor=rung.InProcess(), budget=rung.Budget(trials=40))
    report = study.replay()
    assert report.n_different == 0 and report.n_agreed > 0
    again = study.spec.start()
    for entry in study.events():
        again.apply(entry)
    assert again.trials == study.state.trials and again.account == study.state.account
    assert study.state.account.reserved == 0


@pytest.mark.parametrize("cut", [0, 2, 3, 5, 6])  # a trial and its first job are never apart
def test_a_study_that_was_cut_off_in_the_midst_of_it_goes_on_alike(cut):
    whole = run(study_of(), trials=14)
    events = [entry.event for entry in whole.events()]
    first = next(
        i for i, event in enumerate(events) if isinstance(event, ev.Created) and event.reuses is not None
    )
    again = study_of()
    with again._recording("a test") as dispatcher:
        dispatcher.record(*events[1 : first + cut])  # its creation, its job, three reports and the end
    run(again, trials=14)
    assert [trial.config for trial in again.trials] == [trial.config for trial in whole.trials]
    assert [trial.value for trial in again.trials] == [trial.value for trial in whole.trials]
    assert again.state.account.resource == whole.state.account.resource


def test_what_is_trained_further_serves_further(tmp_path):
    study = run(study_of(store=str(tmp_path / "s.db")))
    spent = study.state.account.resource
    study.close()
    train = Trained()
    longer = run(study_of(store=str(tmp_path / "s.db"), scheduler=rung.FIFO(max_resource=5)), train)
    assert train.units == 9 * 5 and longer.state.account.resource == spent + 9 * 5  # nothing was saved
    again = [trial for trial in longer.trials if trial.reuses is not None]
    assert again and all(trial.value == longer.trials[trial.reuses].value for trial in again)
    assert {trial.resource for trial in longer.trials} == {5}


def test_ask_and_tell_hands_out_only_what_must_be_trained():
    study = study_of()
    told = 0
    while (job := study.ask()) is not None:
        study.tell(job, {"loss": job.config["n"] + job.config["m"]})
        told += 1
    assert told == 9 and len(study.trials) > 9
    assert study.state.closed.rule == "exhausted"


def test_a_log_that_takes_over_what_nobody_has_is_refused():
    state = study_of().spec.start()
    state.apply(ev.Entry(1, 0.0, ev.Created(0, {"n": 0, "m": 0}, "searcher", 1)))
    with pytest.raises(ContradictionError, match="trial 0 has no results to take over"):
        state.apply(ev.Entry(2, 0.0, ev.Started(0, 0, 0, 3, 0, Why("fifo"), reuses=True)))
    with pytest.raises(ContradictionError, match="refers to unknown trial 7"):
        state.apply(ev.Entry(2, 0.0, ev.Created(1, {"n": 0, "m": 0}, "searcher", 1, reuses=7)))
