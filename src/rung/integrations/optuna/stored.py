"""Studies in Optuna's storages, read through Optuna itself; nothing is ever written there.

A storage is an SQLite file, the URL of a database, or a journal file. What leaves this module are plain values.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from rung.core.errors import MissingDependencyError, SpecError, StoreError
from rung.core.parameter import Choice, Parameter
from rung.core.scale import Scalar
from rung.integrations.optuna.suggesting import float_asked, int_asked, labels
from rung.stores.checkpoints import redacted
from rung.stores.checks import not_found

try:
    import optuna
except ImportError:
    raise MissingDependencyError(
        "studies of Optuna are read with Optuna, which is not installed. Run: pip install 'rung[optuna]'"
    ) from None

TrialState = Literal["COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING"]
"""Optuna's word for how a trial stands."""

_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class StoredTrial:
    """A trial as Optuna has it.

    Attributes:
        number: Its number there.
        state: How it stands.
        parameters: The range of each hyperparameter that was suggested, in the order of asking.
        answers: What was suggested; for a Choice one of its options.
        values: What it returned; None if it did not.
        reports: Intermediate values by step.
        began: When, in Unix time; None if it has not.
        ended: When; None if it has not.
        n_attrs: How many user attributes it has.
    """

    number: int
    state: TrialState
    parameters: Mapping[str, Parameter]
    answers: Mapping[str, Scalar]
    values: tuple[float, ...] | None
    reports: Mapping[int, float]
    began: float | None
    ended: float | None
    n_attrs: int


@dataclass(frozen=True, slots=True)
class StoredStudy:
    """A study as Optuna has it.

    Attributes:
        name: Its name.
        metrics: Each value that is returned, with whether it is maximized.
        trials: Its trials, by number.
        n_attrs: How many user attributes it has.
    """

    name: str
    metrics: Mapping[str, bool]
    trials: tuple[StoredTrial, ...]
    n_attrs: int


def read_study(storage: str, name: str | None = None) -> StoredStudy:
    """A study of a storage.

    Args:
        storage: A file of SQLite or of a journal, or a URL as Optuna takes it.
        name: The study; None: the only one.

    Raises:
        StoreError: If that is no storage of Optuna, or an empty one.
        SpecError: If it holds several studies and none is named.
        StudyNotFoundError: If it has none of that name.
    """
    shown = redacted(storage)
    with _told(shown):
        opened = _storage(storage)
        names = optuna.get_all_study_names(storage=opened)
        if not names:
            raise StoreError(
                f"{shown} cannot be read as a storage of Optuna with studies in it: it has none."
            )
        if name is None and len(names) != 1:
            raise SpecError(
                f"{shown} holds {len(names)} studies: {_listed(names)}. Say which one with --study."
            )
        if name is not None and name not in names:
            raise not_found(name, names, shown)
        study = optuna.load_study(study_name=name or names[0], storage=opened)
        trials = tuple(_trial(each) for each in study.get_trials(deepcopy=False))
        return StoredStudy(study.study_name, _metrics(study), trials, len(study.user_attrs))


def _storage(text: str) -> Any:  # Any: Optuna's types are not followed
    path = Path(text.removeprefix("sqlite:///")).expanduser()
    if "://" in text and not text.startswith("sqlite:///"):
        return optuna.storages.RDBStorage(text, skip_table_creation=True)
    if not path.is_file():
        raise StoreError(
            f"there is no file {path}. Name a storage of Optuna: optuna:old.db, optuna:journal.log, or optuna:URL."
        )
    with path.open("rb") as file:
        is_sqlite = file.read(len(_SQLITE)) == _SQLITE
    if is_sqlite:  # opened for reading only
        url = f"sqlite:///file:{path.absolute()}?mode=ro&uri=true"
        return optuna.storages.RDBStorage(url, skip_table_creation=True)
    backend = optuna.storages.journal.JournalFileBackend(str(path))
    return optuna.storages.JournalStorage(backend)


@contextmanager
def _told(shown: str) -> Iterator[None]:
    """Say in one sentence what Optuna, SQLAlchemy or a broken file raise."""
    try:
        yield
    except (StoreError, SpecError):
        raise
    except ImportError as error:
        raise MissingDependencyError(
            f"{shown} cannot be read: {error}. Install the driver of that database."
        ) from None
    except Exception as error:  # a foreign file can make Optuna raise anything
        cause = _cause(error)
        first = redacted(str(cause)).strip().partition("\n")[0].rstrip(".")
        raise StoreError(
            f"{shown} cannot be read as a storage of Optuna {optuna.__version__} ({type(cause).__name__}: {first}). "
            "Name its SQLite file, its journal file or its URL; nothing was written."
        ) from error


def _cause(error: BaseException) -> BaseException:
    return error if error.__cause__ is None else _cause(error.__cause__)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{', '.join(names[:10])}{more}"


def _metrics(study: Any) -> dict[str, bool]:
    directions = [direction.name == "MAXIMIZE" for direction in study.directions]
    names = study.metric_names
    if names is None:
        names = ["value"] if len(directions) == 1 else [f"value_{place}" for place in range(len(directions))]
    return dict(zip(names, directions, strict=True))


def _trial(trial: Any) -> StoredTrial:
    fixed = trial.system_attrs.get("fixed_params", {}) if trial.state.name == "WAITING" else {}
    parameters = {name: _asked(name, each) for name, each in trial.distributions.items()}
    answers = {
        name: _label(parameters[name], trial.distributions[name], value)
        for name, value in trial.params.items()
    }
    return StoredTrial(
        trial.number,
        trial.state.name,
        parameters,
        answers or fixed,
        None if trial.values is None else tuple(map(float, trial.values)),
        dict(sorted(trial.intermediate_values.items())),
        _unix(trial.datetime_start),
        _unix(trial.datetime_complete),
        len(trial.user_attrs),
    )


def _asked(name: str, distribution: Any) -> Parameter:
    match type(distribution).__name__:
        case "FloatDistribution":
            low, high = distribution.low, distribution.high
            return float_asked(name, low, high, step=distribution.step, log=distribution.log)
        case "IntDistribution":
            low, high = distribution.low, distribution.high
            return int_asked(name, low, high, step=distribution.step, log=distribution.log)
        case "CategoricalDistribution":
            return Choice(labels(name, distribution.choices))
        case other:
            raise SpecError(
                f"{name}: rung knows no {other}. Upgrade Optuna, which turns old kinds into present ones."
            )


def _label(parameter: Parameter, distribution: Any, value: Any) -> Scalar:
    if isinstance(parameter, Choice):
        return tuple(parameter.options)[int(distribution.to_internal_repr(value))]
    return value  # type: ignore[no-any-return]  # a number


def _unix(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
