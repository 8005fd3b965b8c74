"""A soak: random studies are broken at random for a given time, and nothing may be lost.

Each round takes a random study: scheduler and searcher from rung's registries, kind of resource, budgets, workers, a
place for checkpoints. Real drivers with real workers run it, while they are killed, stopped and interrupted, while
their database goes away, their disk is full, their checkpoints are damaged, and their training misbehaves. It is
resumed until it ends. Then the log is compared with what trainings, drivers and an onlooker saw and wrote down
elsewhere.

A round is drawn from the seed, so that `--seed N --round K` plays it again; moments depend on the machine. What a round
with a violation has left is kept. Without root no disk is filled; without its server a store is left out.

Usage: python benchmarks/soak.py [--minutes 1] [--seed 0] [--store all] [--round K] [--folder soaked] [--json FILE]
"""

import argparse
import os
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path += [str(Path(__file__).parents[1] / "tests")]  # for its servers and its schedulers

import msgspec
from soaking.case import Case
from soaking.checks import CHECKS, Violation, check
from soaking.drawing import draw
from soaking.evidence import Misbehaved
from soaking.places import STORES, World
from soaking.plan import Plan
from soaking.rounds import play

import rung
from rung.core.event import Reported


@dataclass
class Round:
    """What came of a round."""

    number: int
    study: str
    seconds: float
    faults: dict[str, int]
    runs: int
    events: int
    reports: int
    violations: list[Violation] = field(default_factory=list)

    def __str__(self) -> str:
        done = ", ".join(f"{n} x {kind}" if n > 1 else kind for kind, n in sorted(self.faults.items()))
        verdict = f"{len(self.violations)} VIOLATIONS" if self.violations else "ok"
        counts = f"{self.runs} runs, {self.events:,} events, {self.reports:,} reports, {self.seconds:.0f} s"
        return f"round {self.number}: {self.study}\n    {done or 'no fault'}\n    {counts}: {verdict}"


def soak(given: argparse.Namespace, world: World) -> list[Round]:
    """Rounds, one after another, until the time is over; a line about each."""
    stores = [store for store in given.stores if store == "sqlite" or store in world.servers]
    rounds: list[Round] = []
    deadline = time.monotonic() + 60 * given.minutes
    number = given.first
    while not rounds or (given.round is None and time.monotonic() < deadline):
        store = stores[number % len(stores)]
        plan = draw(given.seed, number, store, buckets=world.buckets, may_mount=world.may_mount)
        rounds.append(_round(plan, world, given.folder / f"{given.seed}-{number}"))
        print(rounds[-1], flush=True)
        for violation in rounds[-1].violations[:10]:
            print(f"    {violation.invariant}: {violation.words}", flush=True)
        number += 1
    return rounds


def _round(plan: Plan, world: World, folder: Path) -> Round:
    begun = time.monotonic()
    try:
        case = play(plan, world, folder)
    except Exception:  # noqa: BLE001  a study that cannot be opened any more must not end the soak
        broken = Violation("the run ends", f"the round broke off: {traceback.format_exc()}")
        return Round(plan.round, plan.words, time.monotonic() - begun, {}, 0, 0, 0, [broken])
    violations = check(case)
    if violations:
        _keep(case, violations, folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    faults = Counter(fault.kind for fault in case.faults) + _mishaps(case)
    reports = sum(isinstance(entry.event, Reported) for entry in case.entries)
    seconds = time.monotonic() - begun
    return Round(
        plan.round, plan.words, seconds, dict(faults), len(case.runs), len(case.entries), reports, violations
    )


def _mishaps(case: Case) -> Counter[str]:
    """What trainings did."""
    return Counter(f"training {line.what}" for line in case.trained if isinstance(line, Misbehaved))


def _keep(case: Case, violations: list[Violation], folder: Path) -> None:
    """What is needed to understand a violation, also where the store was on a server."""
    lines = [msgspec.json.encode(entry) for entry in case.entries]
    (folder / "log.jsonl").write_bytes(b"\n".join(lines))
    known = {"violations": violations, "runs": case.runs, "faults": case.faults, "kept": case.kept}
    (folder / "case.json").write_bytes(msgspec.json.format(msgspec.json.encode(known)))


def table(rounds: list[Round]) -> str:
    """The summary."""
    faults = sum((Counter(each.faults) for each in rounds), Counter[str]())
    found = Counter(violation.invariant for each in rounds for violation in each.violations)
    lines = ["", "| | |", "|---|--:|", f"| rounds | {len(rounds):,} |"]
    lines += [
        f"| {name} | {sum(getattr(each, name) for each in rounds):,} |"
        for name in ("runs", "events", "reports")
    ]
    lines += [f"| faults | {faults.total():,} |", "", "| fault | times |", "|---|--:|"]
    lines += [f"| {kind} | {n:,} |" for kind, n in sorted(faults.items())]
    lines += ["", "| what must hold | violations |", "|---|--:|"]
    lines += [f"| {name} | {found[name]:,} |" for name in CHECKS]
    return "\n".join(lines)


def main() -> int:
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # in order: servers are ended, too
    world = World(given.stores)
    try:
        for words in world.missing:
            print(words)
        print(
            f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; rung {rung.__version__}, seed {given.seed}"
        )
        rounds = soak(given, world)
    finally:
        world.close()
    print(table(rounds))
    if given.json is not None:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode([asdict(each) for each in rounds])))
    bad = [each for each in rounds if each.violations]
    for each in bad:
        print(
            f"\nround {each.number} broke: see {given.folder / f'{given.seed}-{each.number}'}. To play it again:"
        )
        print(f"python benchmarks/soak.py --seed {given.seed} --round {each.number} --store {given.store}")
    return 1 if bad else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", choices=(*STORES, "all"), default="all")
    parser.add_argument("--round", type=int, help="only this one")
    parser.add_argument("--first", type=int, default=0, help="number of the first round")
    parser.add_argument("--folder", type=Path, default=Path("soaked"), help="for the files of rounds")
    parser.add_argument("--json", type=Path, help="where to write what came of each round")
    given = parser.parse_args()
    given.folder = given.folder.absolute()
    given.stores = list(STORES) if given.store == "all" else [given.store]
    given.first = given.first if given.round is None else given.round
    return given


if __name__ == "__main__":
    sys.exit(main())
