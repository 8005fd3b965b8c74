"""A trial as a person reads it: plain values, a line of text, a card or a table in a notebook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rung.core.decision import Status
from rung.core.event import Failure, Source
from rung.core.space import Config
from rung.core.usage import Usage
from rung.markup import Content, Markup, card, colored, element, grid, line, pairs
from rung.words import conjoined, costs, duration, number, scalar, short, used

SHOWN = 20  # rows of a table in a notebook


@dataclass(frozen=True, slots=True)
class TrialResult:
    """A trial as it stands.

    Attributes:
        number: Its number.
        config: Its configuration.
        status: queued, running, paused, stopped, complete or failed.
        why: The reason, in words.
        resource: Highest resource that it was observed at; 0 if none.
        value: The first objective's value there; None if there is none, or it was not finite.
        values: Every objective's finite value there, by metric; then those of constrained metrics.
        seconds: Training time so far.
        source: Who chose the configuration: default, enqueued, searcher or scheduler.
        parent: The trial that it started from.
        failure: What went wrong, if it failed.
        broken: The constraints that it breaks there, in words such as `latency at most 0.1`; none: it is feasible.
        reuses: The earlier trial of the same configuration whose results these are; None: it was trained itself.
        usage: What it has used of its machine; None: that was not measured.
        spent: What it has spent of the currencies of the budget, by their name.
    """

    number: int
    config: Config
    status: Status
    why: str
    resource: int
    value: float | None
    values: Mapping[str, float]
    seconds: float
    source: Source
    parent: int | None
    failure: Failure | None
    broken: Sequence[str] = field(default=())
    reuses: int | None = None
    usage: Usage | None = None
    spent: Mapping[str, float] = field(default_factory=dict)

    @property
    def feasible(self) -> bool:
        """Whether it breaks no constraint."""
        return not self.broken

    def __str__(self) -> str:
        """One line for people: what it reached, with which configuration."""
        values = " ".join(f"{metric}={number(value)}" for metric, value in self.values.items())
        reached = f"{values} at {self.resource}" if values else "no result"
        breaks = f", which breaks {conjoined(self.broken)}," if self.broken else ""
        return f"trial {self.number} ({self.status}): {reached}{breaks} with {short(self.config)}"

    def _repr_html_(self) -> str:
        rows: dict[str, Content] = {metric: number(value) for metric, value in self.values.items()}
        rows |= {"breaks": colored(conjoined(self.broken), "failed")} if self.broken else {}
        rows |= {"resource": str(self.resource), "time": duration(self.seconds) if self.seconds else "none"}
        rows |= {"spent": costs(self.spent)} if self.spent else {}
        rows |= {} if self.usage is None else {"used": used(self.usage)}
        rows |= {name: scalar(value) for name, value in self.config.items()}
        rows |= {
            "chosen by": self.source if self.parent is None else f"{self.source}, from trial {self.parent}"
        }
        rows |= {} if self.reuses is None else {"results of": f"trial {self.reuses}"}
        rows |= {"because": self.why} if self.failure is None else {"failed": colored(self.why, "failed")}
        traceback = self.failure.traceback if self.failure is not None else ""
        shown = (
            element("pre", "overflow-x:auto;font-size:.85em;margin:.5em 0 0", traceback) if traceback else ""
        )
        return card(f"trial {self.number}", colored(self.status, self.status), pairs(rows), shown)


class Trials(list[TrialResult]):
    """Trials; a notebook shows them as a table."""

    def _repr_html_(self) -> str:
        shown = self[:SHOWN]
        rest = (
            "" if len(self) == len(shown) else line(f"… and {len(self) - len(shown)} more: study.to_frame()")
        )
        return as_table(shown, "resource") + rest


def as_table(found: Sequence[TrialResult], unit: str) -> Markup:
    """Trials as an HTML table; `unit` stands above their resources."""
    metrics = list(dict.fromkeys(metric for each in found for metric in each.values))
    names = list(dict.fromkeys(name for each in found for name in each.config))
    texts = {name for each in found for name, value in each.config.items() if isinstance(value, str)}
    rows = [
        [
            str(each.number),
            colored(each.status, each.status),
            *(number(each.values.get(metric)) for metric in metrics),
            str(each.resource),
            *(scalar(each.config[name]) if name in each.config else "" for name in names),
        ]
        for each in found
    ]
    header = ["trial", "status", *metrics, unit, *names]
    return grid(header, rows, words=[0, 1, *(i for i, name in enumerate(header) if name in texts)])
