"""The views `trials` and `reports`, read as any other program would."""

import json
import sys
from typing import Any

import pytest

import rung
from rung.core import event as ev
from rung.core.decision import SchedulerSpec
from rung.core.objective import Metrics
from rung.core.space import Config
from rung.stores.events import Store
from stores.places import Place
from stores.samples import WHY, entries

SPEC = {"scheduler": {"type": "asha", "max_resource": 9}}


def created(trial: int, **fields: Any) -> ev.Created:
    return ev.Created(trial, {"lr": 0.1}, "searcher", 100 + trial, **fields)


def started(job: int, trial: int) -> ev.Started:
    return ev.Started(job, trial, 0, 9, 0, WHY)


def reported(job: int, trial: int, resource: int, **fields: Any) -> ev.Reported:
    return ev.Reported(job, trial, resource, {"loss": 0.5}, 2.0, **fields)


LIVES: dict[str, tuple[str, int, list[ev.AnyEvent]]] = {
    "created only": ("queued", 0, []),
    "running": ("running", 0, [started(0, 0)]),
    "running again": (
        "running",
        1,
        [started(0, 0), reported(0, 0, 1), ev.Ended(0, 0, "reached"), started(1, 0)],
    ),
    "paused": ("paused", 3, [started(0, 0), reported(0, 0, 3), ev.Ended(0, 0, "reached")]),
    "complete": ("complete", 9, [started(0, 0), reported(0, 0, 9), ev.Ended(0, 0, "reached")]),
    "failed": ("failed", 0, [started(0, 0), ev.Ended(0, 0, "failed", ev.Failure("code", "KeyError", "x"))]),
    "lost, so owed": ("queued", 2, [started(0, 0), reported(0, 0, 2), ev.Ended(0, 0, "lost")]),
    "yielded, so owed": ("queued", 0, [started(0, 0), ev.YieldAsked(0, 0, WHY), ev.Ended(0, 0, "yielded")]),
    "yielded for good": (
        "paused",
        0,
        [started(0, 0), ev.YieldAsked(0, 0, WHY, owed=False), ev.Ended(0, 0, "yielded")],
    ),
    "yielded for good once, owed later": (
        "queued",
        0,
        [
            started(0, 0),
            ev.YieldAsked(0, 0, WHY, owed=False),
            ev.Ended(0, 0, "yielded"),
            started(1, 0),
            ev.Ended(1, 0, "yielded"),
        ],
    ),
    "lost, then complete": (
        "complete",
        9,
        [started(0, 0), ev.Ended(0, 0, "lost"), started(1, 0), reported(1, 0, 9), ev.Ended(1, 0, "reached")],
    ),
    "stopped while running": ("stopped", 0, [started(0, 0), ev.Stopped(0, WHY)]),
    "replaced": ("stopped", 0, [started(0, 0), ev.Ended(0, 0, "reached"), created(1, parent=0, ends=0)]),
}


@pytest.mark.parametrize("life", LIVES)
def test_status_and_resource_tell_a_trials_life(store: Store, place: Place, life: str) -> None:
    status, resource, events = LIVES[life]
    store.create("digits", entries([ev.Opened(SPEC, {}), created(0), *events]))
    assert place.rows("SELECT status, resource FROM trials WHERE trial = 0") == [(status, resource)]


def crossing(config: Config, resource: int, seed: int) -> tuple[Metrics, float]:
    """Curves whose early ranks say nothing of later ones; some diverge on their way."""
    x = float(str(config["x"]))
    late = x * 97 % 1
    return {"loss": "nan" if late > 0.8 and resource > 4 else x + (late - x) * resource / 9}, 1.0


@pytest.mark.parametrize("spec", [rung.ASHA(max_resource=9), rung.StoppingASHA(max_resource=9)])
def test_audited_trials_stand_in_the_view_as_in_the_study(
    store: Store, place: Place, spec: SchedulerSpec
) -> None:
    space = rung.Space(x=rung.Float(0, 1))
    study = rung.Study(
        "audited", space, minimize="loss", scheduler=spec, store=None, audit=0.4, seed=3, retries=20
    )
    pool = rung.Simulated(problem=crossing, workers=4, losses_per_hour=200)
    study.run(executor=pool, budget=rung.Budget(trials=50))
    log = list(study._log.read())
    met = set()
    for cut in [*range(60, len(log), len(log) // 12), len(log)]:
        state = study.spec.start()
        for entry in log[:cut]:
            state.apply(entry)
        name = f"after {cut}"
        store.create(name, log[:cut])
        expected = [(record.number, state.status(record.number), record.resource) for record in state.trials]
        query = f"SELECT trial, status, resource FROM trials WHERE study = '{name}' ORDER BY trial"
        assert place.rows(query) == expected
        met |= {state.status(record.number) for record in state.trials if record.audit is not None}
    assert any(record.audit is not None and record.audit.failure is not None for record in study.state.trials)
    assert {"running", "stopped" if isinstance(spec, rung.StoppingASHA) else "paused"} <= met


def test_a_raised_cap_reopens_what_was_complete(store: Store, place: Place) -> None:
    life: list[ev.AnyEvent] = [created(0), started(0, 0), reported(0, 0, 9), ev.Ended(0, 0, "reached")]
    raised = ev.SpecChanged({"scheduler": {"max_resource": 27}}, {})
    store.create("digits", entries([ev.Opened(SPEC, {}), *life, raised]))
    assert place.rows("SELECT status FROM trials") == [("paused",)]


def test_a_row_of_trials_has_these_columns(store: Store, place: Place) -> None:
    failure = ev.Failure("configuration", "diverged", "loss is nan")
    log = entries(
        [
            ev.Opened(SPEC, {}),
            created(0),
            started(0, 0),
            reported(0, 0, 1),
            reported(0, 0, 1, repeat=True),
            ev.Ended(0, 0, "failed", failure),
            created(1, parent=0, bracket=2),
        ]
    )
    store.create("digits", log)
    found = place.table("SELECT * FROM trials ORDER BY trial")
    assert [" ".join(row) for row in found] == [
        "study trial status resource parent config created bracket source seed seconds error"
    ] * 2
    for row in found:
        config = row.pop("config")  # a column of JSON comes as a dict, where there is one
        assert (json.loads(config) if isinstance(config, str) else config) == {"lr": 0.1}
    assert [tuple(row.values()) for row in found] == [
        ("digits", 0, "failed", 1, None, log[1].time, 0, "searcher", 100, 4.0, "diverged: loss is nan"),
        ("digits", 1, "queued", 0, 0, log[6].time, 2, "searcher", 101, 0.0, None),
    ]


def test_reports_has_a_row_for_each_metric_but_no_repetition(store: Store, place: Place) -> None:
    metrics: Metrics = {"val/loss": 0.25, "a.b": "nan", "up": "inf", "down": "-inf"}
    first = ev.Reported(0, 3, 1, metrics, 1.5)
    again = ev.Reported(1, 3, 1, {"val/loss": 9.0}, 1.5, repeat=True)
    store.create("digits", entries([first, again, ev.Reported(1, 3, 2, {"val/loss": 7})]))
    found = place.table("SELECT * FROM reports ORDER BY resource, metric")
    assert {" ".join(row) for row in found} == {"study trial resource metric value seconds"}
    most = sys.float_info.max if place.kind == "mariadb" else float("inf")
    assert [tuple(row.values()) for row in found] == [
        ("digits", 3, 1, "a.b", None, 1.5),
        ("digits", 3, 1, "down", -most, 1.5),
        ("digits", 3, 1, "up", most, 1.5),
        ("digits", 3, 1, "val/loss", 0.25, 1.5),
        ("digits", 3, 2, "val/loss", 7.0, 0.0),
    ]


def test_studies_with_the_same_numbers_do_not_mix(store: Store, place: Place) -> None:
    outcomes: dict[str, ev.Outcome] = {"one": "reached", "two": "lost"}
    for name, outcome in outcomes.items():
        life: list[ev.AnyEvent] = [created(0), started(0, 0), reported(0, 0, 3), ev.Ended(0, 0, outcome)]
        store.create(name, entries([ev.Opened(SPEC, {}), *life]))
    assert place.rows("SELECT study, status, seconds FROM trials ORDER BY study") == [
        ("one", "paused", 2.0),
        ("two", "queued", 2.0),
    ]
    assert place.rows("SELECT study, count(*) FROM reports GROUP BY study ORDER BY study") == [
        ("one", 1),
        ("two", 1),
    ]


def test_a_message_with_nul_and_quotes_breaks_no_view(store: Store, place: Place) -> None:
    failure = ev.Failure("code", "ValueError", "a\0b \\u0000 \"c\" 'd'")
    life: list[ev.AnyEvent] = [created(0), started(0, 0), ev.Ended(0, 0, "failed", failure)]
    store.create("digits", entries([ev.Opened(SPEC, {}), *life]))
    ((status, error),) = place.rows("SELECT status, error FROM trials")
    assert (status, error[:13]) == ("failed", "ValueError: a")
    assert place.rows("SELECT count(*) FROM reports") == [(0,)]
