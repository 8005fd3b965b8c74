"""Mix: several searchers in one study, of which those with success suggest more. If one is stuck, another takes over.

Each suggestion earns its searcher a credit: 1 if it became the best of all that were observed before at the same
resource, less if it came near, 0 if it was not among the best tenth. The searcher with the highest upper bound of its
mean credit is asked next. Older credits count less and less, as who is good at the beginning need not be so at the
end. Every searcher learns from the trials of all.

References:
    Garivier & Moulines, On Upper-Confidence Bound Policies for Switching Bandit Problems, ALT 2011 (discounted UCB).
    Fialho, Da Costa, Schoenauer & Sebag, Analyzing Bandit-Based Adaptive Operator Selection Mechanisms, AMAI 2010
    (credits by rank, which no transform of the loss changes).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
import numpy as np

from rung.core.errors import SpecError
from rung.core.history import HistoryView, Ints
from rung.core.joined import informed
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.core.suggestion import Request, SearcherSpec, Suggestion, takes_time
from rung.models.credit import credits_of, upper_bounds
from rung.searchers.nested import name_of, searcher_of

WINDOW = 6  # memories after which a credit is forgotten: it would count a four-hundredth


class Mix(
    msgspec.Struct, frozen=True, tag="mix", tag_field="type", forbid_unknown_fields=True, omit_defaults=True
):
    """Ask the searcher that has had most success of late.

    Attributes:
        members: Two searchers or more, as their options.
        memory: After so many trials a credit counts about a third.
        explore: How much is tried in the hope that another searcher has become better: 0 is never, 1 is nearly in turn.
    """

    members: Sequence[Any]  # specs, or tables as in a log
    memory: int = 40
    explore: float = 0.2

    def __post_init__(self) -> None:
        if isinstance(self.members, str) or not isinstance(self.members, Sequence) or len(self.members) < 2:
            raise SpecError(
                f"Mix needs two searchers or more, got {self.members!r:.80}. "
                "Write rung.Mix([rung.RandomSearch(), rung.Forest()])."
            )
        if isinstance(self.memory, bool) or not isinstance(self.memory, int) or self.memory < 1:
            raise SpecError(
                f"memory of Mix must be a number of trials from 1 on, got {self.memory!r}. Use 40."
            )
        if (
            isinstance(self.explore, bool)
            or not isinstance(self.explore, int | float)
            or not 0 <= self.explore <= 10
        ):
            raise SpecError(f"explore of Mix must be a number from 0 to 10, got {self.explore!r}. Use 0.2.")
        if any(isinstance(member, Mix) for member in self.searchers):
            raise SpecError("a Mix cannot be a member of a Mix. Give all of their members to one.")

    @property
    def searchers(self) -> list[SearcherSpec]:
        """The specs of its members."""
        return [searcher_of(member, "Mix") for member in self.members]

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults, if that suits all members."""
        return all(member.tries_defaults for member in self.searchers)

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveMix":
        """A live searcher."""
        return LiveMix(self, space, objectives, seed)


class LiveMix:
    """Chooses the member to ask. It keeps nothing but its live members.

    Attributes:
        takes_time: Whether one of them does.
    """

    reads_past: ClassVar[bool] = True  # each member as it likes

    def __init__(self, spec: Mix, space: Space, objectives: Objectives, seed: int) -> None:
        self._spec = spec
        self._names = _names(spec.searchers)
        self._members = [informed(member.start(space, objectives, seed)) for member in spec.searchers]
        self.takes_time = any(map(takes_time, self._members))

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """Suggestions of the members that are chosen, with their names; of another one if a member has no more."""
        shares = self._shares(history, request.count)
        found: list[Suggestion] = []
        for member, share in shares:
            found += self._asked(history, request, member, len(found), share)
        for member in range(len(self._members)):
            if len(found) < request.count:
                found += self._asked(history, request, member, len(found), request.count - len(found))
        return found

    def _asked(
        self, history: HistoryView, request: Request, member: int, done: int, count: int
    ) -> list[Suggestion]:
        asked = msgspec.structs.replace(
            request, trial=request.trial + done, index=request.index + done, count=count
        )
        suggested = self._members[member].suggest(history, asked)
        return [_signed(each, self._names[member]) for each in suggested]

    def _shares(self, history: HistoryView, count: int) -> list[tuple[int, int]]:
        """Who is asked for how many: each choice counts as a trial of which nothing is known yet."""
        trials, members = self._recent(history)
        earned = credits_of(history, trials)
        chosen: list[int] = []
        for _ in range(count):
            bounds = upper_bounds(
                np.concatenate([members, np.array(chosen, np.int64)]),
                np.concatenate([earned, np.full(len(chosen), np.nan)]),
                len(self._members),
                self._spec.memory,
                self._spec.explore,
            )
            chosen.append(int(bounds.argmax()))
        return list(Counter(chosen).items())

    def _recent(self, history: HistoryView) -> tuple[Ints, Ints]:
        """The last trials that members have suggested, and the number of the member of each."""
        numbers = {name: number for number, name in enumerate(self._names)}
        last = max(0, history.n_trials - WINDOW * self._spec.memory)
        names = history.members[last:]
        found = [(last + row, numbers[name]) for row, name in enumerate(names) if name in numbers]
        table = np.array(found, np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]


def _names(specs: Sequence[SearcherSpec]) -> list[str]:
    """A name for each: that of its kind, with a number where there are several of a kind."""
    kinds = [name_of(spec) for spec in specs]
    seen: Counter[str] = Counter()
    found = []
    for kind in kinds:
        seen[kind] += 1
        found.append(kind if kinds.count(kind) == 1 else f"{kind} {seen[kind]}")
    return found


def _signed(suggestion: Suggestion, name: str) -> Suggestion:
    return Suggestion(suggestion.config, {**(suggestion.fitted or {}), "member": name})
