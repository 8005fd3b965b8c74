"""Auto: the searcher that suits the study, by rules that are a table. It is what a study has whose user names none.

The rules look at the space, the objectives, the budget of trials, the workers, and how long and how far trials were
trained, all of which stand in the log: the choice is a function of the history, and may change once, twice in a long
study. Each member learns from all trials, whoever suggested them. Which member suggested a trial stands in the log,
and with the first one also why.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import numpy as np

from rung.core.errors import SpecError
from rung.core.history import HistoryView
from rung.core.objective import Objectives
from rung.core.space import Choice, Space
from rung.core.suggestion import Request, Searcher, Suggestion
from rung.searchers.nested import searcher_of


class Auto(
    msgspec.Struct, frozen=True, tag="auto", tag_field="type", forbid_unknown_fields=True, omit_defaults=True
):
    """Choose the searcher by documented rules.

    Attributes:
        trial_seconds: How long the training of one trial takes, if that is known: where it takes less than a suggestion
            of a good model does, a quicker one is chosen. None: what the first hundred trials took on average.
    """

    trial_seconds: float | None = None

    def __post_init__(self) -> None:
        given = self.trial_seconds
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        if given is not None and not (is_number and 0 <= given < float("inf")):
            raise SpecError(
                f"trial_seconds must be a number of seconds from 0 on, got {given!r}. Leave it out if it is not known."
            )

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveAuto":
        """A live searcher."""
        return LiveAuto(self, space, objectives, seed)

    def choice(self, space: Space, objectives: Objectives, trials: int | None) -> "Rule":
        """What is chosen for the beginning of a study with this budget of trials."""
        return chosen(Situation.of(space, len(objectives), self.trial_seconds, budget=trials))


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rules look at.

    Attributes:
        hyperparameters: How many there are, those of all branches.
        unordered: How many of them are choices without order.
        objectives: How many there are.
        trial_seconds: How long a trial takes; None: not known yet, and taken to be long.
        budget: How many trials the study may have; None: no limit.
        trials: How many it has.
        pending: How many of them are under way.
        uneven: Whether trials were stopped or paused early.
    """

    hyperparameters: int
    unordered: int
    objectives: int
    trial_seconds: float | None = None
    budget: int | None = None
    trials: int = 0
    pending: int = 0
    uneven: bool = False

    @classmethod
    def of(
        cls, space: Space, objectives: int, trial_seconds: float | None = None, budget: int | None = None
    ) -> "Situation":
        """That of a study before its first trial."""
        columns = space.columns
        unordered = [c for c in columns if isinstance(c.parameter, Choice) and not c.parameter.ordered]
        return cls(len(columns), len(unordered), objectives, trial_seconds, budget)

    @property
    def long(self) -> int:
        """How many trials the study will have at least, as far as is known."""
        return max(self.trials, self.budget or 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """A searcher, and when it is chosen.

    Attributes:
        searcher: Its name.
        why: The reason, in words.
        holds: Whether the rule holds.
    """

    searcher: str
    why: str
    holds: Callable[[Situation], bool]


QUICK_S = 0.02  # shorter than a suggestion of a Gaussian process
MEASURED = 100  # trials that show how long one takes
MANY_TRIALS = 2000
MANY_WORKERS = 64
MANY_CHOICES = 0.5  # of the hyperparameters
MANY_OBJECTIVES = 3

RULES = (
    Rule("random", "nothing varies", lambda at: not at.hyperparameters),
    Rule(
        "tpe",
        f"a trial takes less than {QUICK_S:g} s, about what a suggestion of a Gaussian process takes",
        lambda at: at.trial_seconds is not None and at.trial_seconds < QUICK_S,
    ),
    Rule(
        "nsga-ii",
        f"there are several objectives and {MANY_TRIALS} trials or more",
        lambda at: at.objectives > 1 and at.long >= MANY_TRIALS,
    ),
    Rule("tpe", f"there are {MANY_TRIALS} trials or more", lambda at: at.long >= MANY_TRIALS),
    Rule("tpe", f"there are more than {MANY_WORKERS} trials under way", lambda at: at.pending > MANY_WORKERS),
    Rule(
        "tpe",
        f"there are more than {MANY_OBJECTIVES} objectives",
        lambda at: at.objectives > MANY_OBJECTIVES,
    ),
    Rule(
        "tpe",
        "more than half of the hyperparameters are choices without order",
        lambda at: at.unordered > MANY_CHOICES * at.hyperparameters,
    ),
    Rule(
        "tpe",
        "trials are stopped early, so there are many of them, and what is good early may mislead a sharper model",
        lambda at: at.uneven and at.objectives == 1,
    ),
    Rule("gp", "most hyperparameters are numbers, and there are not too many trials", lambda at: True),
)
"""The first that holds decides."""


def chosen(situation: Situation) -> Rule:
    """The rule that decides."""
    return next(rule for rule in RULES if rule.holds(situation))


class LiveAuto:
    """Asks the member that the rules choose. It keeps nothing but its live members."""

    takes_time: ClassVar[bool] = True

    def __init__(self, spec: Auto, space: Space, objectives: Objectives, seed: int) -> None:
        self._space, self._objectives, self._seed = space, objectives, seed
        self._before = Situation.of(space, len(objectives), spec.trial_seconds)
        self._members: dict[str, Searcher] = {}

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """The suggestions of the member that suits now, with its name, and with the reason where it is a new one."""
        rule = chosen(self._situation(history, request))
        suggested = self._member(rule.searcher).suggest(history, request)
        is_news = next((name for name in reversed(history.members) if name), None) != rule.searcher
        return [_signed(each, rule, is_news) for each in suggested]

    def _member(self, name: str) -> Searcher:
        if name not in self._members:
            spec = searcher_of({"type": name}, "Auto")
            self._members[name] = spec.start(self._space, self._objectives, self._seed)
        return self._members[name]

    def _situation(self, history: HistoryView, request: Request) -> Situation:
        before = self._before
        return Situation(
            before.hyperparameters,
            before.unordered,
            before.objectives,
            measured_s(history) if before.trial_seconds is None else before.trial_seconds,
            request.trials,
            history.n_trials,
            len(history.pending),
            uneven(history),
        )


def measured_s(history: HistoryView) -> float | None:
    """How many seconds a trial has taken on average so far, once enough of them have shown it."""
    if history.n_trials < MEASURED:
        return None
    return float(history.seconds.sum()) / history.n_trials


def uneven(history: HistoryView) -> bool:
    """Whether a trial that is neither under way nor failed stands below the highest resource observed."""
    if not history.n_observations:
        return False
    highest = np.zeros(history.n_trials, np.int64)
    np.maximum.at(highest, history.trials, history.resources)
    resting = highest > 0
    resting[[trial for trial in history.pending if trial < history.n_trials]] = False
    resting[history.failed[:, 0]] = False
    return bool((highest[resting] < highest.max()).any())


def _signed(suggestion: Suggestion, rule: Rule, is_news: bool) -> Suggestion:
    """A suggestion with the name of the member; with the reason if another one, or none, suggested before."""
    inner = suggestion.fitted or {}
    why = {"because": rule.why} if is_news else {}
    return Suggestion(suggestion.config, {**inner, "member": rule.searcher, **why})
