"""The process of a driver: `python -m soaking.driver FOLDER RUN SESSION`, started by `round.py`, never by hand."""

import faulthandler
import logging
import sys
import traceback
from pathlib import Path

import msgspec

from rung.core.event import AnyEvent
from rung.executors.local import Local
from rung.stores import lease, writer
from rung.watching import RunBegun, StudyView
from soaking.evidence import DRIVEN, Book, Durable, digest
from soaking.plan import Plan
from soaking.training import Training

PLAN, PLACES = "plan.json", "places.json"


class Places(msgspec.Struct, frozen=True):
    """Where a round keeps its things.

    Attributes:
        store: URL of the database.
        checkpoints: URL of the checkpoints; None: beside the store.
    """

    store: str
    checkpoints: str | None


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended.

    Attributes:
        ended: Why, in words, if `run` has returned.
        rule: Name of that rule.
        error: The exception, if it has raised.
        words: What that said, with its traceback.
    """

    ended: str | None = None
    rule: str | None = None
    error: str | None = None
    words: str = ""


class Witness:
    """Notes each entry of the log when rung says that it is safe."""

    def __init__(self, folder: Path, run: int) -> None:
        self._book = Book(folder / DRIVEN)
        self._run = run
        self._seq = 0

    def begin(self, run: RunBegun) -> None:
        """What comes follows what is there."""
        self._seq = run.state.seq

    def __call__(self, event: AnyEvent, view: StudyView) -> None:
        """It is safe."""
        self._seq += 1
        self._book.write(Durable(self._run, self._seq, digest(event)))


def main(folder: Path, run: int, session: int) -> Outcome:
    """Run the study of a round, to its end; the session after the last one with faults is calm."""
    plan = msgspec.json.decode((folder / PLAN).read_bytes(), type=Plan)
    places = msgspec.json.decode((folder / PLACES).read_bytes(), type=Places)
    lease.EXPIRES_AFTER_S = plan.lease_s
    writer.RENEW_EVERY_S = plan.lease_s / 8
    calm = session == len(plan.budgets)
    with plan.study(places.store, places.checkpoints) as study:
        study.run(
            Training(plan, run, calm, str(folder)),
            executor=Local(plan.workers, trial_timeout_s=plan.timeout_s),
            budget=plan.budgets[-1 if calm else session],
            watch=[Witness(folder, run)],
        )
        why = study._ended  # its words are for people
        return Outcome(study.ended, None if why is None else why.rule)


def told(folder: Path, run: int, session: int) -> Outcome:
    """As `main`; what it raises is told, too."""
    try:
        return main(folder, run, session)
    except BaseException as error:  # noqa: BLE001  whatever it is, the check judges it
        return Outcome(error=type(error).__name__, words=traceback.format_exc())


def outcome_file(folder: Path, run: int) -> Path:
    """Where the outcome of a run is written."""
    return folder / f"outcome-{run}.json"


if __name__ == "__main__":
    faulthandler.enable()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s.%(msecs)03d %(levelname)s %(message)s", datefmt="%X"
    )
    where, number, which = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    found = told(where, number, which)
    outcome_file(where, number).write_bytes(msgspec.json.encode(found))
    sys.exit(0 if found.error is None else 1)
