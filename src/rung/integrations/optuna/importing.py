"""A study of Optuna made one of rung: `rung import optuna:old.db`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rung.core import event as ev
from rung.core.decision import SchedulerSpec
from rung.core.errors import SpecError
from rung.core.objective import objectives
from rung.core.resource import Steps
from rung.integrations.optuna.fitting import Fitted, fit
from rung.integrations.optuna.retelling import Retold, first_step, last_resource, log_of, reports_of
from rung.integrations.optuna.stored import StoredStudy, StoredTrial, read_study
from rung.schedulers.asha import StoppingASHA
from rung.schedulers.fifo import FIFO
from rung.searchers.random import RandomSearch
from rung.spec import StudySpec, check_name, plain, versions
from rung.stores.checks import name_taken
from rung.stores.events import Store
from rung.words import units

__all__ = ["Imported", "import_study", "read_study"]

SEED = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """A study of Optuna that is one of rung's now.

    Attributes:
        name: Its name in the store.
        trials: How many trials it has.
        notes: What is not as it was, a sentence each.
    """

    name: str
    trials: int
    notes: tuple[str, ...]


def import_study(study: StoredStudy, store: Store, name: str | None = None) -> Imported:
    """Write a study of Optuna into a store, as if its trials had been run by rung.

    Args:
        study: The study, see `read_study`.
        store: Where it comes to.
        name: Its name there; None: as it was.

    Raises:
        SpecError: If it has no hyperparameters, or a name that no study can have.
        StoreError: If the name is taken. In each case nothing was written.
    """
    name = _free_name(study.name if name is None else name, store)
    fitted = fit(study.trials, SEED)
    last = last_resource(study.trials)
    begun = [trial for trial in study.trials if trial.state != "WAITING" and trial.number in fitted.configs]
    waiting = [fitted.configs[each.number] for each in study.trials if _waits(each, fitted)]
    first = first_step(study.trials)
    metrics = list(study.metrics)
    retold = [
        Retold(number, trial, fitted.configs[trial.number], reports_of(trial, metrics, first, last))
        for number, trial in enumerate(begun)
    ]
    opened = ev.Opened(_spec(name, study, fitted, last).to_builtins(), versions())
    store.create(name, log_of(opened, retold, waiting, SEED, last))
    return Imported(name, len(retold), tuple(_notes(study, fitted, retold, len(waiting))))


def _free_name(name: str, store: Store) -> str:
    try:
        check_name(name)
    except SpecError as error:
        raise SpecError(f"{error} Give it another one with --name.") from None
    if name in store.names():
        raise name_taken(name, store.url)
    return name


def _waits(trial: StoredTrial, fitted: Fitted) -> bool:
    return trial.state == "WAITING" and trial.number in fitted.configs


def _spec(name: str, study: StoredStudy, fitted: Fitted, last: int) -> StudySpec:
    goals = objectives(
        [metric for metric, maximized in study.metrics.items() if not maximized],
        [metric for metric, maximized in study.metrics.items() if maximized],
    )
    return StudySpec(
        name,
        fitted.space.parameters,
        goals,
        Steps(),
        plain(_scheduler(study, last), "scheduler"),
        plain(RandomSearch(), "searcher"),
        SEED,
    )


def _scheduler(study: StoredStudy, last: int) -> SchedulerSpec:
    """What goes on as Optuna did: pruning where there was any."""
    prunes = len(study.metrics) == 1 and any(trial.state == "PRUNED" for trial in study.trials)
    return StoppingASHA(max_resource=last) if prunes else FIFO(max_resource=last)


def _notes(study: StoredStudy, fitted: Fitted, retold: Sequence[Retold], waiting: int) -> Iterator[str]:
    left = [trial for trial in study.trials if trial.number not in fitted.configs]
    if left:
        yield (
            f"left out: {units(len(left), 'trial')} that never had all hyperparameters "
            f"({_numbers([trial.number for trial in left])})"
        )
    moved = next((each for each in retold if each.number != each.trial.number), None)
    if moved is not None:
        yield f"numbers are others from trial {moved.trial.number} of Optuna on, which is trial {moved.number} here"
    unfinished = sum(each.trial.state == "RUNNING" for each in retold)
    if unfinished:
        yield f"{units(unfinished, 'trial')} had not ended: they begin again when the study goes on"
    if waiting:
        yield f"waiting in Optuna, now the next to be tried: {units(waiting, 'configuration')}"
    for name in fitted.united:
        yield f"{name} had several ranges; now it has one that holds them all"
    for name, n in fitted.filled.items():
        yield f"{name} was not asked for in {units(n, 'trial')}, which have a random value for it now"
    attrs = study.n_attrs + sum(trial.n_attrs for trial in study.trials)
    if attrs:
        yield f"dropped: {units(attrs, 'user attribute')}"


def _numbers(found: Sequence[int]) -> str:
    more = " …" if len(found) > 10 else ""
    return ", ".join(map(str, found[:10])) + more
