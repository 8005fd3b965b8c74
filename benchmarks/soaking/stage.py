"""The stage of a round: its processes, what they do right now, and an onlooker who reads the log meanwhile."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

import rung
from rung.core.errors import StoreError
from rung.stores.events import Store, open_store
from soaking.case import Fault, Run
from soaking.driver import PLACES, PLAN, Outcome, Places, outcome_file
from soaking.evidence import TRAINED, Entered, Left, Misbehaved, Returned, Saving, Tail, Trained, digest
from soaking.places import World
from soaking.plan import NAME, Plan

MARK = "RUNG_SOAK_FOLDER"
PATIENCE_S = 120.0  # for a run to end; without faults it takes some seconds
DIE_S = 10.0  # for workers to follow their driver
LOOK_S = 0.005  # between looks at processes and evidence
HERE = Path(__file__).parents[1]
ROOTS = [str(HERE), str(HERE.parent / "tests"), str(Path(rung.__file__).parents[1])]


class Stage:
    """A round in progress.

    Attributes:
        plan: What is to happen.
        world: What there is to break.
        folder: For all its files.
        places: Where the study keeps its things.
        database: Name of its database, if it is on a server.
        dice: Decides what is broken, and when.
        runs: The drivers so far.
        faults: What was broken so far.
        orphans: Processes that outlived their drivers.
    """

    def __init__(self, plan: Plan, world: World, folder: Path, places: Places, database: str) -> None:
        self.plan = plan
        self.world = world
        self.folder = folder
        self.places = places
        self.database = database
        self.dice = random.Random(f"{plan.seed}/{plan.round}/faults")
        self.runs: list[Run] = []
        self.faults: list[Fault] = []
        self.orphans: list[str] = []
        self.onlooker = Onlooker(places.store)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._tail = Tail(folder / TRAINED)
        self._phases: dict[int, str] = {}
        self._entered: set[int] = set()
        for name in ("tmp", "work"):
            (folder / name).mkdir()
        (folder / PLAN).write_bytes(msgspec.json.encode(plan))
        (folder / PLACES).write_bytes(msgspec.json.encode(places))

    # Drivers

    def start(self, session: int) -> Run:
        """Start a driver."""
        number = len(self.runs)
        path = os.pathsep.join([*ROOTS, *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {
            **os.environ,
            MARK: str(self.folder),
            "PYTHONPATH": path,
            "TMPDIR": str(self.folder / "tmp"),
        }
        with (self.folder / f"driver-{number}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "soaking.driver", str(self.folder), str(number), str(session)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.folder / "work",
            )
        self._processes[number] = process
        self.runs.append(run := Run(number, session, process.pid, time.monotonic()))
        return run

    def has_ended(self, run: Run) -> bool:
        """Whether its process is gone; then all of it is noted."""
        if run.ended is None and (status := self._processes[run.number].poll()) is not None:
            run.ended, run.status = time.monotonic(), status
            path = outcome_file(self.folder, run.number)
            run.outcome = msgspec.json.decode(path.read_bytes(), type=Outcome) if path.exists() else None
        return run.ended is not None

    def has_begun(self, run: Run) -> bool:
        """Whether a training of its was called."""
        self.look()
        return run.number in self._entered

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        """Look at evidence and processes until something holds, at most so long; whether it does."""
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() >= deadline:
                return False
            time.sleep(LOOK_S)
        return True

    def ends_within(self, run: Run, seconds: float) -> bool:
        """Wait at most so long for its end; whether it came."""
        return self.wait(lambda: self.has_ended(run), seconds)

    def end(self, run: Run, patience_s: float = PATIENCE_S) -> None:
        """Wait for its end; one that does not come is noted, with what its threads do in its log."""
        if not self.ends_within(run, patience_s):
            run.hung = True
            for each in (run.pid, *self.workers(run)):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGABRT)  # faulthandler shows its threads
            self.ends_within(run, DIE_S)
            self.kill(run)

    def kill(self, run: Run) -> None:
        """SIGKILL."""
        self.has_ended(run)
        if run.ended is None:
            run.killed = True
            self._processes[run.number].kill()
            self._processes[run.number].wait()
            self.has_ended(run)

    def bury(self) -> None:
        """When all drivers are gone: nobody may have outlived them."""
        for run in self.runs:
            self.kill(run)
        if not self.wait(lambda: not self._marked(), DIE_S):
            for process in self._marked():
                with suppress(psutil.Error):
                    self.orphans.append(f"process {process.pid}, {' '.join(process.cmdline())[:200]}")
                    process.kill()

    # Workers

    def look(self) -> list[Trained]:
        """Learn what is new in the evidence."""
        lines = self._tail.new()
        for line in lines:
            self._phases[line.pid] = _phase(line)
            if isinstance(line, Entered):
                self._entered.add(line.run)
        return lines

    def workers(self, run: Run, phase: str | None = None) -> list[int]:
        """The processes of its workers; with a phase, those that are in it: "training", "saving", "idle"."""
        self.look()
        try:
            pids = [child.pid for child in psutil.Process(run.pid).children()]
        except psutil.NoSuchProcess:
            return []
        return [pid for pid in pids if phase in (None, self._phases.get(pid, "idle"))]

    def note(self, kind: str, run: Run, begun: float, pid: int | None = None) -> None:
        """A fault was done."""
        self.faults.append(Fault(kind, run.number, begun, time.monotonic(), pid))

    def _marked(self) -> list[psutil.Process]:
        """Processes of this round; the drivers that are running, left out."""
        mark = f"{MARK}={self.folder}".encode()
        drivers = {run.pid for run in self.runs if run.ended is None}
        found = []
        for process in psutil.process_iter():
            with suppress(OSError, psutil.Error):
                marked = mark in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
                if marked and process.pid not in drivers and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def close(self) -> None:
        """End everything that is still there."""
        self.onlooker.close()
        self.bury()


def _phase(line: Trained) -> str:
    match line:
        case Saving():
            return "saving"
        case Left() | Returned(goes_on=False):
            return "idle"
        case Entered() | Returned() | Misbehaved():
            return "training"
        case _:
            return "reporting"


class Onlooker:
    """Another program that reads the log while it grows: what it has seen once must stay.

    Attributes:
        seen: Digests by the number of the entry.
    """

    def __init__(self, url: str) -> None:
        self.seen: dict[int, str] = {}
        self._url = url
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._look, name="onlooker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()
        self._thread.join()

    def _look(self) -> None:
        store: Store | None = None
        while not self._closing.wait(0.1):
            try:
                store = store or open_store(self._url)
                for entry in store.log(NAME).read(after=len(self.seen)):
                    self.seen[entry.seq] = digest(entry.event)
            except StoreError:  # there is no study yet, or its database is away
                if store is not None:
                    store.close()
                    store = None
        if store is not None:
            store.close()
