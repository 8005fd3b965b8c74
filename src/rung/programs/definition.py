"""A study of a command, from a study file or a command line: the values, and the study and training made of them."""

import difflib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from rung.core.audit import Audit
from rung.core.budget import Budget
from rung.core.confirm import Confirm
from rung.core.constraint import Constraint, constraints_of
from rung.core.decision import SchedulerSpec
from rung.core.errors import SpecError
from rung.core.objective import objectives
from rung.core.parameter import Parameter
from rung.core.resource import Fraction, Resource, Steps
from rung.core.space import Space
from rung.core.suggestion import SearcherSpec
from rung.executors.base import Executor
from rung.executors.local import Local
from rung.programs.command import Command
from rung.programs.template import Template, check_names
from rung.schedulers.fifo import FIFO
from rung.searchers.duplicates import Duplicates
from rung.stores.checkpoints import Checkpoints
from rung.study import Study

Names = str | Sequence[str]

_INTERPRETER = re.compile(
    r"(python|pypy)[\d.]*|Rscript|julia|node|ruby|perl|lua|(ba|da|z|k)?sh|uv|env|nice|time"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A study of a command; the fields are those of `rung.Study` and of its `run`.

    Attributes:
        command: The command, with the ranges that stand in it.
        space: The ranges that stand elsewhere.
        where: Rules between hyperparameters.
        resource: None: whole runs where there is one rung, or where the program is told its target and cannot
            go on from a checkpoint; else steps.
        track: Where to log, in the words of `rung run --track`.
    """

    name: str
    command: Template
    space: Mapping[str, Parameter] = field(default_factory=dict)
    where: Sequence[str] = ()
    minimize: Names | None = None
    maximize: Names | None = None
    constraints: Sequence[Constraint] = ()
    diverges_at: float | Mapping[str, float] | None = None
    resource: Resource | None = None
    scheduler: SchedulerSpec = FIFO()  # noqa: RUF009  frozen
    searcher: SearcherSpec | None = None
    seed: int = 0
    retries: int = 3
    duplicates: Duplicates | None = None
    audit: Audit | None = None
    confirm: Confirm | None = None
    store: str = "rung.db"
    checkpoints: Checkpoints = Checkpoints()  # noqa: RUF009  frozen
    budget: Budget = Budget()  # noqa: RUF009  frozen
    executor: Executor = Local()  # noqa: RUF009  frozen
    track: Sequence[str] = ()

    def check(self) -> None:
        """Raise a SpecError if the command and the space do not fit, or there is no such program."""
        space = self.ranges()
        check_names(self.command, _all_names(space))
        if not space:
            raise SpecError(
                f"nothing varies in {self.command.text!r}. Give an argument a range: --lr {{lr:1e-5..1e-1 log}}."
            )
        check_program(self.command)

    def ranges(self) -> dict[str, Parameter]:
        """All hyperparameters: those of the space, then those of the command."""
        if twice := sorted(set(self.space) & set(self.command.space) - _flags(self.command)):
            raise SpecError(f"{twice[0]} has a range in the command and one in the space. Leave one out.")
        return {**self.space, **{k: v for k, v in self.command.space.items() if k not in self.space}}

    def study(self) -> Study:
        """The study, opened or made."""
        return Study(
            self.name,
            Space(self.ranges(), self.where),
            minimize=self.minimize,
            maximize=self.maximize,
            constraints=self.constraints,
            diverges_at=self.diverges_at,
            resource=self.unit(),
            scheduler=self.scheduler,
            searcher=self.searcher,
            seed=self.seed,
            retries=self.retries,
            duplicates=self.duplicates,
            audit=self.audit,
            confirm=self.confirm,
            store=self.store,
            checkpoints=self.checkpoints,
        )

    def train(self) -> Command:
        """The training function."""
        goals = objectives(self.minimize, self.maximize, self.diverges_at)
        return Command(self.command, goals, self.unit(), constraints_of(self.constraints))

    def unit(self) -> Resource:
        """What a unit of training is."""
        if self.resource is not None:
            return self.resource
        if getattr(self.scheduler, "max_resource", 1) == 1:
            return Fraction("run")
        names = self.command.names
        if "target" in names and "checkpoint" not in names:
            return Fraction("step")
        return Steps()


def check_program(template: Template) -> None:
    """Raise unless the program can be started, as far as that can be told before it is."""
    program = template.program
    if "{" in program or shutil.which(program) is not None:
        return
    path = Path(program)
    if path.is_dir():
        raise SpecError(f"the command begins with {program!r}, which is a folder. Begin with a program.")
    if path.is_file() and os.sep in program:
        raise SpecError(
            f"{program} cannot be executed. Say chmod +x {program}, or write its interpreter first."
        )
    if path.is_file():
        raise SpecError(
            f"there is no program {program!r} on the PATH, but a file of that name is here: write ./{program}."
        )
    raise SpecError(f"there is no program {program!r}, here or on the PATH.{_near(program)}")


def name_of(template: Template) -> str:
    """A name for the study: of the script that an interpreter runs, else of the program."""
    words = [argument[0] for argument in template.arguments if len(argument) == 1]
    fixed = [word for word in words if isinstance(word, str)]
    while len(fixed) > 1 and _INTERPRETER.fullmatch(PurePath(fixed[0]).name):
        fixed = [word for word in fixed[1:] if not word.startswith("-") and "=" not in word] or fixed[:1]
    word = fixed[0].split()[0] if fixed else template.program
    name = PurePath(word).stem if "/" in word or PurePath(word).suffix in _SUFFIXES else word
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-.") or "command"


_SUFFIXES = {".py", ".sh", ".R", ".r", ".jl", ".js", ".rb", ".pl", ".lua"}


def _near(program: str) -> str:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    known = {entry.name for folder in folders if Path(folder).is_dir() for entry in Path(folder).iterdir()}
    near = difflib.get_close_matches(program, sorted(known), 1, 0.8)
    return f" Did you mean {near[0]!r}?" if near else " Is the name right, and is it installed?"


def _flags(template: Template) -> set[str]:
    return {
        part.name
        for argument in template.arguments
        for part in argument
        if not isinstance(part, str) and part.flag is not None
    }


def _all_names(space: Mapping[str, Parameter]) -> dict[str, None]:
    """Names of all hyperparameters, those of branches included."""
    columns = [column.name for column in Space(space).columns] if space else []
    return dict.fromkeys([*space, *columns])
