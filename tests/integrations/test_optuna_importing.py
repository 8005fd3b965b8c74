"""Studies of Optuna become studies of rung: the log folds, says what Optuna knew, and goes on."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

import rung
from rung.core import event as ev
from rung.core.errors import SpecError, StoreError, StudyNotFoundError
from rung.core.invariants import validate
from rung.stores.events import open_store

optuna = pytest.importorskip("optuna")

from optuna.distributions import CategoricalDistribution as Cat  # noqa: E402
from optuna.distributions import FloatDistribution as Real  # noqa: E402
from optuna.distributions import IntDistribution as Whole  # noqa: E402
from optuna.trial import FrozenTrial, TrialState  # noqa: E402

from rung.integrations.optuna import optimize  # noqa: E402
from rung.integrations.optuna.importing import import_study, read_study  # noqa: E402
from rung.integrations.optuna.stored import StoredStudy  # noqa: E402

LR, OPT, MOMENTUM, DEPTH = (
    Real(1e-4, 1.0, log=True),
    Cat(["sgd", "adam"]),
    Real(0.0, 0.9, step=0.1),
    Whole(1, 4),
)
NOON = datetime(2026, 1, 1, 12)

optuna.logging.set_verbosity(optuna.logging.WARNING)


def trial(
    params: dict[str, object],
    state: TrialState = TrialState.COMPLETE,
    *,
    reports: dict[int, float] | None = None,
    value: float | None = None,
    values: list[float] | None = None,
    minutes: tuple[float, float] = (0, 1),
    ranges: dict[str, object] | None = None,
    attrs: dict[str, object] | None = None,
) -> FrozenTrial:
    """A trial as it stands in a storage."""
    known = {"lr": LR, "opt": OPT, "momentum": MOMENTUM, "depth": DEPTH, **(ranges or {})}
    begin, end = (NOON + timedelta(minutes=each) for each in minutes)
    return FrozenTrial(
        number=0,
        trial_id=0,
        state=state,
        value=value,
        values=values,
        datetime_start=begin,
        datetime_complete=None if state == TrialState.RUNNING else end,
        params=params,
        distributions={name: known[name] for name in params},
        user_attrs=attrs or {},
        system_attrs={},
        intermediate_values=reports or {},
    )


ADAM = {"lr": 0.1, "opt": "adam", "depth": 2}
SGD = {"lr": 0.01, "opt": "sgd", "momentum": 0.1 + 0.2, "depth": 3}

TRIALS = [
    trial(
        ADAM, reports={step: 1 / (step + 1) for step in range(9)}, value=0.1, minutes=(0, 9), attrs={"a": 1}
    ),
    trial(SGD, TrialState.PRUNED, reports={0: 2.0, 1: float("nan")}, value=2.0, minutes=(1, 3)),
    trial({"lr": 0.5}, TrialState.FAIL, minutes=(2, 3)),
    trial({**ADAM, "lr": 0.9}, TrialState.FAIL, reports={0: 3.0}, minutes=(3, 4)),
    trial({**SGD, "lr": 0.02}, reports={0: 1.5, 5: 0.7}, value=0.6, minutes=(4, 8)),
    trial({**SGD, "lr": 0.03}, TrialState.RUNNING, reports={0: 1.0, 1: 0.9, 2: 0.8}, minutes=(5, 6)),
]


def stored(path: Path, trials: list[FrozenTrial] = TRIALS, **options: object) -> "optuna.Study":
    study = optuna.create_study(study_name="tuned", storage=f"sqlite:///{path}", **options)
    study.add_trials(trials)
    return study


@pytest.fixture
def found(tmp_path: Path) -> rung.Study:
    stored(tmp_path / "old.db").enqueue_trial({"lr": 0.05, "opt": "adam", "depth": 4})
    return imported(tmp_path)


def imported(tmp_path: Path, storage: str = "old.db") -> rung.Study:
    store = open_store(tmp_path / "rung.db")
    import_study(read_study(str(tmp_path / storage)), store)
    store.close()
    study = rung.Study.load("tuned", tmp_path / "rung.db")
    validate(study.state)
    return study


def test_trials_stand_as_they_stood_and_hold_what_was_reported(found: rung.Study) -> None:
    by_lr = {each.config["lr"]: each for each in found.trials}
    assert {lr: each.status for lr, each in by_lr.items()} == {
        0.1: "complete", 0.01: "stopped", 0.9: "failed", 0.02: "complete", 0.03: "queued"
    }  # fmt: skip
    history = found.history
    curves = {
        found.trials[number].config["lr"]: dict(
            zip(
                history.resources[history.trials == number].tolist(),
                history.losses[history.trials == number][:, 0].tolist(),
                strict=True,
            )
        )
        for number in range(history.n_trials)
    }
    # steps count from 1; the value that was returned is that of the end of training, whatever was reported there
    assert curves[0.1] == {**{step: 1 / step for step in range(1, 9)}, 9: 0.1}
    assert curves[0.02] == {1: 1.5, 6: 0.7, 9: 0.6}
    assert curves[0.01] == {1: 2.0, 2: float("inf")}
    assert curves[0.9] == {1: 3.0}
    assert found.best.config["lr"] == 0.1
    assert found.best.value == 0.1


def test_what_hangs_on_a_choice_is_a_part_of_it_and_steps_are_exact(found: rung.Study) -> None:
    sgd = {"momentum": rung.Float(0.0, 0.9, step=0.1)}
    assert found.space == rung.Space(
        lr=rung.Float(1e-4, 1.0, log=True), opt=rung.Choice({"sgd": sgd, "adam": {}}), depth=rung.Int(1, 4)
    )
    assert found.trials[1].config["momentum"] == 0.3
    assert "momentum" not in found.trials[0].config


def test_jobs_overlap_as_trials_did_each_on_a_worker_of_its_own(found: rung.Study) -> None:
    entries = list(found.events())
    times = [entry.time for entry in entries]
    assert times == sorted(times)
    assert times[0] == NOON.timestamp()
    started = [entry.event for entry in entries if isinstance(entry.event, ev.Started)]
    assert [event.job for event in started] == list(range(len(started)))
    assert {event.worker for event in started if event.trial == 0} <= {0}
    assert max(event.worker for event in started) == 2
    assert sum(
        entry.event.seconds for entry in entries if isinstance(entry.event, ev.Reported)
    ) == pytest.approx(
        60 * (9 + 2 + 1 + 4 + 1) - 60  # the trial that had not ended has no length
    )


def test_the_summary_says_what_is_not_as_it_was(tmp_path: Path) -> None:
    stored(tmp_path / "old.db").enqueue_trial({"lr": 0.05, "opt": "adam", "depth": 4})
    done = import_study(read_study(str(tmp_path / "old.db")), open_store(None))
    assert done.trials == 5
    assert done.notes == (
        "left out: 1 trial that never had all hyperparameters (2)",
        "numbers are others from trial 3 of Optuna on, which is trial 2 here",
        "1 trial had not ended: they begin again when the study goes on",
        "waiting in Optuna, now the next to be tried: 1 configuration",
        "dropped: 1 user attribute",
    )


def objective(trial) -> float:
    lr = trial.suggest_float("lr", 1e-4, 1.0, log=True)
    if trial.suggest_categorical("opt", ["sgd", "adam"]) == "sgd":
        trial.suggest_float("momentum", 0.0, 0.9, step=0.1)
    trial.suggest_int("depth", 1, 4)
    for step in range(9):
        trial.report(lr / (step + 1), step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return lr / 9


@pytest.mark.filterwarnings("ignore")  # of training that is not saved
def test_an_imported_study_goes_on_with_the_same_objective(found: rung.Study, tmp_path: Path) -> None:
    found.close()
    study = optimize(objective, name="tuned", store=tmp_path / "rung.db", trials=9, executor=rung.InProcess())
    validate(study.state)
    assert len(study.trials) == 9
    assert study.trials[4].status in ("complete", "stopped")  # what had not ended has ended now
    assert study.trials[5].config == {"lr": 0.05, "opt": "adam", "depth": 4}  # what was waiting
    assert study.trials[5].source == "enqueued"


@pytest.mark.parametrize(
    "scheduler", [rung.ASHA(max_resource=9), rung.FIFO(max_resource=9), rung.ASHA(27, eta=2)]
)
def test_other_schedulers_find_the_trials_on_their_rungs(
    found: rung.Study, tmp_path: Path, scheduler
) -> None:
    space = found.space
    found.close()
    again = rung.Study("tuned", space, minimize="value", scheduler=scheduler, store=tmp_path / "rung.db")
    validate(again.state)
    assert again.best.value == 0.1


def test_a_hyperparameter_without_a_reason_is_filled_and_counted(tmp_path: Path) -> None:
    deep = [
        trial({**ADAM, "depth": depth, "drop": 0.2}, value=1.0, ranges={"drop": Real(0, 0.5)})
        for depth in (3, 4)
    ]
    flat = [trial({**ADAM, "depth": depth}, value=2.0) for depth in (1, 2)]
    stored(tmp_path / "old.db", [*deep, *flat])
    done = import_study(read_study(str(tmp_path / "old.db")), open_store(None))
    assert done.notes == ("drop was not asked for in 2 trials, which have a random value for it now",)
    found = imported(tmp_path)
    assert [each.config["drop"] == 0.2 for each in found.trials] == [True, True, False, False]
    assert not (found.history.encoded != found.history.encoded).any()  # no NaN: models can use every trial


def test_ranges_that_changed_become_one(tmp_path: Path) -> None:
    wide = {"lr": Real(1e-6, 0.5, log=True)}
    stored(tmp_path / "old.db", [trial(ADAM, value=1.0), trial({**ADAM, "lr": 1e-6}, value=1.0, ranges=wide)])
    found = imported(tmp_path)
    assert found.space.parameters["lr"] == rung.Float(1e-6, 1.0, log=True)
    assert [each.config["lr"] for each in found.trials] == [0.1, 1e-6]


@pytest.mark.filterwarnings("ignore:.*set_metric_names is experimental")
def test_several_objectives_keep_their_directions_and_names(tmp_path: Path) -> None:
    study = stored(
        tmp_path / "old.db",
        [trial(ADAM, values=[0.9, 20.0]), trial(ADAM, values=[0.8, 10.0]), trial(ADAM, values=[0.7, 30.0])],
        directions=["maximize", "minimize"],
    )
    study.set_metric_names(["accuracy", "latency"])
    found = imported(tmp_path)
    assert sorted(each.number for each in found.front) == [0, 1]
    assert found.trials[0].values == {"accuracy": 0.9, "latency": 20.0}


def test_a_journal_and_a_database_tell_the_same(tmp_path: Path) -> None:
    stored(tmp_path / "old.db")
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "old.log"))
    journal = optuna.create_study(study_name="tuned", storage=optuna.storages.JournalStorage(backend))
    journal.add_trials(TRIALS)
    one, two = read_study(str(tmp_path / "old.db")), read_study(str(tmp_path / "old.log"))
    assert shape(one) == shape(two)
    before = (tmp_path / "old.log").read_bytes()
    read_study(str(tmp_path / "old.log"))
    assert (tmp_path / "old.log").read_bytes() == before
    assert {each.name for each in tmp_path.iterdir()} == {"old.db", "old.log"}


def shape(study: StoredStudy) -> object:
    return study.metrics, [
        (each.number, each.state, dict(each.parameters), dict(each.answers), each.values, list(each.reports))
        for each in study.trials
    ]


def test_reading_changes_nothing_and_foreign_files_are_told(tmp_path: Path) -> None:
    stored(tmp_path / "old.db")
    before = (tmp_path / "old.db").read_bytes()
    read_study(str(tmp_path / "old.db"))
    assert (tmp_path / "old.db").read_bytes() == before
    rung.Study("s", {"x": rung.Float(0, 1)}, minimize="y", store=tmp_path / "ours.db").close()
    (tmp_path / "text").write_text("hello\n")
    for name in ("ours.db", "text"):
        with pytest.raises(StoreError, match=f"{name} cannot be read as a storage of Optuna"):
            read_study(str(tmp_path / name))
    with pytest.raises(StoreError, match="there is no file"):
        read_study(str(tmp_path / "none.db"))
    assert not (tmp_path / "none.db").exists()


def test_which_study_is_asked_where_there_are_several(tmp_path: Path) -> None:
    stored(tmp_path / "old.db")
    optuna.create_study(study_name="a/b", storage=f"sqlite:///{tmp_path / 'old.db'}")
    path = str(tmp_path / "old.db")
    with pytest.raises(SpecError, match=r"holds 2 studies: .*Say which one with --study"):
        read_study(path)
    with pytest.raises(StudyNotFoundError, match="Did you mean 'tuned'"):
        read_study(path, "tund")
    store = open_store(None)
    with pytest.raises(SpecError, match="Give it another one with --name"):
        import_study(read_study(path, "a/b"), store)
    with pytest.raises(SpecError, match="nobody knows its space"):
        import_study(read_study(path, "a/b"), store, "ab")
    import_study(read_study(path, "tuned"), store)
    with pytest.raises(StoreError, match="exists already"):
        import_study(read_study(path, "tuned"), store)
    assert store.names() == ["tuned"]
