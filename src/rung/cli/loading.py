"""What `rung run` is given, a Python file, a study file or a command, as the study and the training that it defines."""

import hashlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType

from rung.cli.errors import CommandError
from rung.cli.opening import STORE
from rung.core.budget import Budget
from rung.core.errors import RungError
from rung.executors.base import Executor
from rung.executors.simulated import Simulated
from rung.integrations.trackers import tracker
from rung.integrations.wandb_sweep import read_sweep
from rung.programs import inline, studyfile
from rung.programs.definition import Definition
from rung.study import Study
from rung.trial import Trial
from rung.watching import Watcher


@dataclass(frozen=True, slots=True)
class Program:
    """What a file defines.

    Attributes:
        study: The study.
        train: The training function; None where the executor brings its own.
        budget: Its budget; no limits if it names none.
        executor: Its executor; None if it names none.
        watch: Its watchers.
    """

    study: Study
    train: Callable[[Trial], object] | None
    budget: Budget
    executor: Executor | None
    watch: Sequence[Watcher] = ()


@dataclass(frozen=True, slots=True)
class CommandOptions:
    """What a command line says of a study whose command it holds; None where it says nothing."""

    minimize: list[str] | None = None
    maximize: list[str] | None = None
    max_resource: int | None = None
    unit: str | None = None
    scheduler: str | None = None
    searcher: str | None = None
    name: str | None = None
    seed: int | None = None
    store: str | None = None
    audit: float | None = None
    constraint: list[str] | None = None
    confirm: float | None = None
    where: list[str] | None = None


def load(what: str, options: CommandOptions) -> Program:
    """The study and the training of a file, or of a command.

    Raises:
        CommandError, SpecError: If it cannot be run, or does not define what is needed.
    """
    for text in options.constraint or ():
        inline.constraint(text)  # before it is looked whether there is such a file or command
    file = Path(what)
    if (
        not file.exists()
        and file.suffix not in (".py", ".toml", ".yaml", ".yml")
        and re.search(r"[{\s]", what)
    ):
        return _program(_definition(what, options))
    given = [field.name for field in fields(options) if getattr(options, field.name) is not None]
    if given:
        raise CommandError(
            f"--{given[0].replace('_', '-')} goes with a command. {file} is a file: say it there."
        )
    if not file.is_file():
        kind = "is a folder, not a file" if file.is_dir() else "does not exist"
        raise CommandError(
            f"{file} {kind}. Name a Python file that defines study and train, a study file (.toml), or a command "
            'with a range in it: "python train.py --lr {lr:1e-5..1e-1 log}".'
        )
    if file.suffix in (".yaml", ".yml"):
        return _program(read_sweep(file).definition())
    return _program(studyfile.read(file)) if file.suffix == ".toml" else load_python(file)


def _definition(command: str, options: CommandOptions) -> Definition:
    return inline.definition(
        command,
        minimize=options.minimize or (),
        maximize=options.maximize or (),
        max_resource=options.max_resource,
        scheduler=options.scheduler,
        searcher=options.searcher,
        unit=options.unit,
        name=options.name,
        seed=options.seed or 0,
        store=options.store or STORE,
        audit=options.audit,
        constraints=options.constraint or (),
        confirm=options.confirm,
        where=options.where or (),
    )


def _program(found: Definition) -> Program:
    watch = [tracker(text) for text in found.track]
    return Program(found.study(), found.train(), found.budget, found.executor, watch)


def load_python(file: Path) -> Program:
    """Run a file as `python FILE` would, but for its `__main__` part, and take what it defines."""
    module = _run(file)
    study = getattr(module, "study", None)
    if study is None:
        raise _missing(file, "study", "study = rung.Study(...)")
    if not isinstance(study, Study):
        raise CommandError(f"study in {file} must be a rung.Study, got {study!r:.60}.")
    executor = getattr(module, "executor", None)
    if executor is not None and not callable(getattr(executor, "start", None)):
        raise CommandError(
            f"executor in {file} must be an executor such as rung.Local(workers=4), got {executor!r:.60}."
        )
    budget = getattr(module, "budget", None)
    if budget is not None and not isinstance(budget, Budget):
        raise CommandError(
            f"budget in {file} must be a budget such as rung.Budget(trials=100), got {budget!r:.60}."
        )
    train = getattr(module, "train", None)
    if not callable(train) and not isinstance(executor, Simulated):
        raise _missing(file, "train", "def train(trial): ...")
    return Program(study, train, budget or Budget(), executor, _watchers(file, getattr(module, "watch", ())))


def _watchers(file: Path, watch: object) -> Sequence[Watcher]:
    if not isinstance(watch, list | tuple) or not all(callable(each) for each in watch):
        raise CommandError(
            f"watch in {file} must be a list of functions that take an event and a view, got {watch!r:.60}."
        )
    return watch


def _run(file: Path) -> ModuleType:
    import cloudpickle

    module = _module(file)
    cloudpickle.register_pickle_by_value(module)  # so that workers never look for it
    sys.path.insert(0, str(file.resolve().parent))
    sys.argv = [str(file)]
    try:
        code = compile(file.read_bytes(), str(file), "exec")
        exec(code, module.__dict__)
    except SyntaxError as error:
        raise CommandError(_syntax(error)) from error
    except RungError as error:
        raise CommandError(f"{error} ({_place(error, file)})") from error
    except Exception as error:  # whatever a stranger's file raises
        raise CommandError(f"{_place(error, file)}: {type(error).__name__}: {error}") from error
    return module


def _module(file: Path) -> ModuleType:
    """An empty module with a name that no other has."""
    path = file.resolve()
    name = f"rung_file_{path.stem}_{hashlib.sha1(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise CommandError(f"{file} is no Python file. Name one that defines study and train.")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    return module


def _missing(file: Path, name: str, example: str) -> CommandError:
    return CommandError(
        f"{file} defines no {name}. It must stand at the top level, outside any function and "
        f'outside `if __name__ == "__main__"`: {example}'
    )


def _syntax(error: SyntaxError) -> str:
    lines = traceback.format_exception_only(error)
    return "".join(lines).strip()


def _place(error: BaseException, file: Path) -> str:
    """The line of the file from which the error came."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file}:{frames[-1].lineno}" if frames else str(file)
