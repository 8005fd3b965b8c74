"""Plans: what happens in a round, as plain values. Workers read them, too, so this imports little."""

import importlib
from typing import TYPE_CHECKING, Any

import msgspec

from rung.core.budget import Budget
from rung.core.parameter import Choice, Float, Int
from rung.core.space import Space

if TYPE_CHECKING:
    from rung.study import Study

NAME = "soaked"
STRANGE = "test-"  # how the tags of schedulers begin that stand in tests/, as strangers would write them
RESOURCES = {"steps": "Steps", "fraction": "Fraction", "replicates": "Replicates"}


class Mishaps(msgspec.Struct, frozen=True):
    """How the training misbehaves: the chance of each, by trial if it is the configuration's fault, else by step.

    Attributes:
        raises, diverges, exits, hangs: Of a trial to raise, to report NaN, to call `sys.exit`, to hang for good.
        dies: Of a step to take its process along. Never in the last session.
        chatters: Of a step to print 100 kB.
    """

    raises: float
    diverges: float
    exits: float
    hangs: float
    dies: float
    chatters: float


class Plan(msgspec.Struct, frozen=True):
    """A round.

    Attributes:
        seed, round: Where it was drawn from.
        store: Kind of database.
        scheduler, searcher: As plain values.
        resource: Kind of resource.
        audit: Share of the resource for audits; None: none, or this version has none.
        retries: As in `Study`.
        workers: How many.
        step_s: Seconds of training per step, on average.
        save_s: Seconds that a save takes.
        timeout_s: After which a silent trial is ended; None: never, then none hangs.
        bucket: Where checkpoints are kept: "folder", "local" (fsspec on a local disk) or "s3".
        every_s: As in `Checkpoints`.
        quota_bytes: As in `Checkpoints`.
        small_disk: Whether store and files lie on a small file system, which a fault can fill.
        budgets: One for each session with faults, never falling; the last one holds for the final session, too.
        mishaps: How the training misbehaves.
        faults: For each session, how many there are.
        lease_s: After which a lease expires; a minute in real life.
    """

    seed: int
    round: int
    store: str
    scheduler: dict[str, Any]
    searcher: dict[str, Any]
    resource: str
    audit: float | None
    retries: int
    workers: int
    step_s: float
    save_s: float
    timeout_s: float | None
    bucket: str
    every_s: float
    quota_bytes: int | None
    small_disk: bool
    budgets: list[Budget]
    mishaps: Mishaps
    faults: list[int]
    lease_s: float = 4.0

    @property
    def words(self) -> str:
        """The study, in short."""
        more = [f"{self.workers} workers", self.resource, self.bucket]
        more += ["quota"] if self.quota_bytes else []
        more += ["audit"] if self.audit else []
        more += ["small disk"] if self.small_disk else []
        return f"{self.store} {self.scheduler['type']} x {self.searcher['type']}, {', '.join(more)}"

    @property
    def max_resource(self) -> int:
        """The most units that a trial may train."""
        return int(self.scheduler["max_resource"])

    @property
    def is_strange(self) -> bool:
        """Whether its scheduler is none of rung's own."""
        return str(self.scheduler["type"]).startswith(STRANGE)

    def study(self, store: str | None, checkpoints: str | None) -> "Study":
        """The study, made or opened.

        Args:
            store: URL of the database; None: memory.
            checkpoints: URL of the checkpoints; None: beside the store.
        """
        from rung.core import resource as kinds
        from rung.schedulers.registry import SCHEDULERS
        from rung.searchers.registry import SEARCHERS
        from rung.stores.checkpoints import Checkpoints
        from rung.study import Study

        if self.is_strange:
            importlib.import_module("schedulers.examples")  # which registers it

        kept = Checkpoints(checkpoints, every_s=self.every_s, quota_bytes=self.quota_bytes)
        options = {} if self.audit is None else {"audit": self.audit}
        return Study(
            NAME,
            space(),
            minimize="loss",
            resource=getattr(kinds, RESOURCES[self.resource])(),
            scheduler=SCHEDULERS.decode(self.scheduler),
            searcher=SEARCHERS.decode(self.searcher),
            seed=self.seed,
            retries=self.retries,
            store=store,
            checkpoints=kept,
            **options,  # type: ignore[arg-type]  # of versions that have it
        )


def space() -> Space:
    """What is tuned."""
    return Space(
        lr=Float(1e-4, 1.0, log=True, default=1e-2),
        layers=Int(1, 3, default=2),
        optimizer=Choice({"adam": {"beta": Float(0.8, 0.99, default=0.9)}, "sgd": {}}, default="adam"),
    )
