"""What `rung simulate` is given, a file in TOML, a table, or the log of a study, as an experiment."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from rung.core.confirm import Confirm
from rung.core.constraint import constraints_of
from rung.core.errors import NoResultError, SpecError
from rung.core.event import Ended, Started
from rung.core.objective import objectives as goals_of
from rung.core.space import Space
from rung.problems.base import Benchmark
from rung.problems.files import read_table
from rung.problems.filling import OffTable
from rung.problems.goals import Goals
from rung.problems.logged import logged
from rung.problems.synthetic import LearningCurves, SyntheticProblem
from rung.problems.table import Table
from rung.problems.tabular import TableProblem
from rung.programs.inline import constraint
from rung.schedulers.registry import SCHEDULERS
from rung.searchers.registry import SEARCHERS
from rung.simulation.setting import Arm, World, check_arm, scheduler_for
from rung.study import Study

Over = Literal["training", "replicates"]
Options = Mapping[str, Any]  # of a scheduler or a searcher; decoded by its registry


class Curves(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A synthetic problem in a file; see `LearningCurves`."""

    space: dict[str, Any]  # read by Space.from_builtins
    max_resource: int
    noise: float = 0.0
    failing: float = 0.0
    seconds: float = 1.0
    seed: int = 0


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file in TOML that says what is compared; every scheduler with every searcher on every number of workers.

    Attributes:
        problems: Tables, by paths relative to the file; patterns such as `curves/*.npz` are allowed.
        curves: Synthetic problems by name.
        off_table: Where the curves of configurations come from that a table does not hold.
        over: What a unit of resource is on tables with several runs of each configuration: "training", each trial goes
            along one of them; "replicates", each unit is a whole run, the same one for all trials.
        minimize, maximize: What is looked for; nothing: what was, when a table was recorded.
        constraints: Limits such as `latency<=0.1`; None: those under which a table was recorded.
        scheduler: Schedulers by the name that they get in tables; none: each that rung has, as it is recommended.
            Beside its options, `confirm` may say what share of the budget confirms the best.
        searcher: Searchers likewise; none: random search.
        workers: Numbers of workers.
        seeds: Runs of each arm on each problem.
        world: For how long, and what workers are like.
    """

    problems: list[str] = []
    curves: dict[str, Curves] = {}
    off_table: OffTable = "nearest"
    over: Over = "training"
    minimize: str | list[str] = []
    maximize: str | list[str] = []
    constraints: list[str] | None = None
    scheduler: dict[str, dict[str, Any]] = {}
    searcher: dict[str, dict[str, Any]] = {}
    workers: tuple[int, ...] = (8,)
    seeds: int = 10
    world: World = World()


def read_definition(file: Path) -> Definition:
    """What a file says; a table alone is one problem.

    Raises:
        SpecError: If it is neither.
    """
    if not file.is_file() and not file.with_suffix(".json").is_file():
        raise SpecError(f"{file} does not exist. Name a file in TOML, or a table (.npz, with its .json).")
    if file.suffix in (".npz", ".json", ""):
        return Definition(problems=[str(file.resolve())])
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Definition)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise SpecError(f"{file} cannot be understood: {error}.") from None


def problems_of(found: Definition, folder: Path) -> list[Benchmark]:
    """The problems of a definition that stands in a folder."""
    paths = [path for pattern in found.problems for path in _matching(folder, pattern)]
    tables: list[Benchmark] = [_table_problem(found, read_table(path)) for path in paths]
    return [*tables, *(_synthetic(name, curves, found) for name, curves in found.curves.items())]


def _table_problem(found: Definition, table: Table) -> TableProblem:
    table = table.over_replicates() if found.over == "replicates" else table
    return TableProblem(table, found.off_table, _goals(found, table.goals))


def _goals(found: Definition, recorded: Goals) -> Goals:
    """What is looked for: as the file says, else as it was recorded."""
    objectives = recorded.objectives
    if found.minimize or found.maximize:
        objectives = goals_of(found.minimize or None, found.maximize or None)
    given = found.constraints
    return Goals(
        objectives, recorded.constraints if given is None else constraints_of([*map(constraint, given)])
    )


def _matching(folder: Path, pattern: str) -> list[Path]:
    if not any(sign in pattern for sign in "*?["):
        return [folder / pattern]
    base, relative = (Path("/"), pattern[1:]) if pattern.startswith("/") else (folder, pattern)
    paths = sorted({path.with_name(path.name.removesuffix(path.suffix)) for path in base.glob(relative)})
    if not paths:
        raise SpecError(f"no table is called {pattern!r} in {folder}.")
    return paths


def _synthetic(name: str, curves: Curves, found: Definition) -> SyntheticProblem:
    if found.over == "replicates":
        raise SpecError(
            f"synthetic curves such as {name!r} have no replicates. Leave out over, or take a table."
        )
    made = LearningCurves(
        Space.from_builtins(curves.space),
        noise=curves.noise,
        failing=curves.failing,
        seed=curves.seed,
        seconds=curves.seconds,
    )
    problem = SyntheticProblem(name, made, curves.max_resource)
    if (asked := _goals(found, problem.goals)) != problem.goals:
        raise SpecError(
            f"synthetic curves such as {name!r} have one metric, {made.metric!r}, which is minimized, and nothing to "
            f"constrain, got {asked.metrics}. Several objectives and constraints need a table."
        )
    return problem


def arms_of(
    schedulers: Mapping[str, Options], searchers: Mapping[str, Options], workers: Sequence[int]
) -> list[Arm]:
    """Every scheduler with every searcher on every number of workers; a name says only what differs."""
    arms = []
    for first, scheduler in schedulers.items():
        for second, searcher in searchers.items():
            for n in workers:
                parts = [
                    first,
                    second if len(searchers) > 1 else "",
                    f"{n} workers" if len(workers) > 1 else "",
                ]
                name = ", ".join(part for part in parts if part)
                options, confirm = _apart(scheduler)
                arms.append(Arm(name, options, dict(searcher), n, confirm))
    return arms


def _apart(scheduler: Options) -> tuple[dict[str, Any], Confirm | None]:
    """The options of a scheduler, and the reserve that may stand beside them: a share, or a table."""
    options = dict(scheduler)
    reserve = options.pop("confirm", None)
    if isinstance(reserve, Mapping):
        try:
            return options, msgspec.convert(reserve, Confirm)
        except msgspec.ValidationError as error:
            raise SpecError(f"confirm cannot be understood: {error}.") from None
    return options, None if reserve is None else Confirm(reserve)


def option(text: str, kind: str) -> tuple[str, dict[str, Any]]:
    """A scheduler or searcher on a command line, `asha eta=4 min_resource=2`: its name in tables, and its options.

    Raises:
        SpecError: If it is no such thing.
    """
    tag, *rest = text.split()
    registry = SCHEDULERS if kind == "scheduler" else SEARCHERS
    options: dict[str, Any] = {"type": tag}
    for word in rest:
        name, equals, value = word.partition("=")
        if not equals:
            raise SpecError(f"options of a {kind} are written name=value, got {word!r} in {text!r}.")
        try:
            options[name] = tomllib.loads(f"x = {value}")["x"]
        except tomllib.TOMLDecodeError:
            options[name] = value
    if "max_resource" not in options and kind == "scheduler":
        scheduler_for(options, 2**40)  # says what is wrong with the type
    else:
        registry[tag]
    return text, options


def usual_schedulers(problems: Sequence[Benchmark]) -> tuple[dict[str, Options], dict[str, str]]:
    """Each scheduler that rung has and that can work on all of these problems, with its own recommendations.

    Returns:
        Those schedulers, and of the others why not.
    """
    chosen: dict[str, Options] = {}
    others: dict[str, str] = {}
    for tag in SCHEDULERS:
        reasons = (_reason(tag, problem) for problem in problems)
        if reason := next((each for each in reasons if each), None):
            others[tag] = reason
        else:
            chosen[tag] = {"type": tag}
    return chosen, others


def _reason(tag: str, problem: Benchmark) -> str | None:
    """Why a scheduler cannot work on a problem."""
    try:
        check_arm(problem, Arm(tag, {"type": tag}, {"type": "random"}, 1))
    except SpecError as error:
        return str(error)
    return None


# From the log of a study


def problem_of(study: Study, off_table: OffTable) -> TableProblem:
    """The trials of a study as a problem.

    Raises:
        NoResultError: If it has too few results.
        SpecError: If none of them keeps its constraints.
    """
    goals = Goals(study.spec.objectives, study.spec.constraints)
    table = logged(study.name, study.space, goals, study.spec.resource, study.history)
    return TableProblem(table, off_table)


def variants(options: Options, max_resource: int) -> dict[str, Options]:
    """The scheduler of a study as it was, and changed in one way at a time."""
    known = scheduler_for(dict(options), 2**40)
    spec = SCHEDULERS.decode(known)
    kept = {**options, "max_resource": min(int(known.get("max_resource", max_resource)), max_resource)}
    if "max_resource" not in known:
        kept = dict(options)
    found: dict[str, Options] = {"as it was": kept}
    eta, first = getattr(spec, "eta", None), getattr(spec, "min_resource", None)
    if eta is not None:
        found |= {f"eta={n}": {**kept, "eta": n} for n in (2, 3, 4) if n != eta}
    if first is not None:
        step = eta or 3
        higher = {first * step, max(1, first // step)} - {first}
        found |= {
            f"min_resource={n}": {**kept, "min_resource": n} for n in sorted(higher) if n < max_resource
        }
    return found | (
        {} if options.get("type") == "fifo" else {"fifo": {"type": "fifo", "max_resource": max_resource}}
    )


def most_workers(study: Study) -> int:
    """How many jobs of a study were open at once at most.

    Raises:
        NoResultError: If it has had none.
    """
    open_now = most = 0
    for entry in study.events():
        open_now += isinstance(entry.event, Started) - isinstance(entry.event, Ended)
        most = max(most, open_now)
    if not most:
        raise NoResultError(f"study {study.name!r} has trained nothing yet.")
    return most
