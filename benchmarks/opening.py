"""A large study: how long its log takes to open, in how much memory, and how soon it is listed and shown.

A log of `--events` events is written first, through the store, as a driver would: trials of 100 epochs, a report each,
with `--metrics` metrics. Then each figure is taken in a process of its own, so that the memory is that of this alone.

Usage: python benchmarks/opening.py [--events 1_000_000] [--metrics 1] [--studies 1_000] [--folder FOLDER]
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import rung
from rung.core.event import AnyEvent, Created, Ended, Entry, Idled, Opened, Reported, Started
from rung.core.why import Why
from rung.spec import versions
from rung.stores.events import open_store

EPOCHS = 100
SPACE = {
    "lr": rung.Float(1e-5, 1e-1, log=True),
    "width": rung.Int(16, 512),
    "act": rung.Choice(["relu", "tanh"]),
}

OPEN = """
import resource, sys, time
import rung
rung.Study
before = time.perf_counter(), time.process_time()
study = rung.Study.load("large", sys.argv[1])
took = time.perf_counter() - before[0], time.process_time() - before[1]
begun = time.perf_counter()
study.refresh()
again = time.perf_counter() - begun
print(*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, again, study.state.seq)
"""


def log(n: int, n_metrics: int) -> Iterator[AnyEvent]:
    """About `n` events of a study whose trials run one after another."""
    study = rung.Study("large", SPACE, minimize="loss", scheduler=rung.FIFO(EPOCHS), store=None)
    yield Opened(study.spec.to_builtins(), versions())
    why = Why("fifo", resource=EPOCHS)
    for trial in range(n // (EPOCHS + 3)):
        yield Created(trial, {"lr": 0.1 / (trial + 1), "width": 64, "act": "relu"}, "searcher", trial)
        yield Started(trial, trial, 0, EPOCHS, 0, why)
        for epoch in range(1, EPOCHS + 1):
            loss = 1 / (epoch + trial % 977)
            more = {f"metric {i}": loss * i for i in range(1, n_metrics)}
            yield Reported(trial, trial, epoch, {"loss": loss, **more}, 1.25)
        yield Ended(trial, trial, "reached", held=True)
    yield Idled(Why("done"))


def write(path: Path, n: int, n_metrics: int, n_studies: int) -> None:
    """The stores `path`, with one large study, and `path` + "s", with many small ones."""
    with closing(open_store(path)) as store:
        entries = (Entry(seq, float(seq), event) for seq, event in enumerate(log(n, n_metrics), 1))
        store.create("large", entries)
    _touch("large", path)
    many = path.with_suffix(".many.db")
    for number in range(n_studies):
        study = rung.Study(f"small {number}", SPACE, minimize="loss", store=many)
        study.enqueue({"lr": 0.1, "width": 64, "act": "relu"})
        study.close()


def _touch(name: str, path: Path) -> None:
    """Hold the lease for a moment, as a driver does, which notes how the study stands."""
    with rung.Study.load(name, path) as study:
        study.enqueue({"lr": 0.1, "width": 64, "act": "relu"})


def opened(path: Path) -> tuple[float, float, float, float, int]:
    """(wall seconds, CPU seconds, peak MiB, wall seconds of a refresh, events) of opening the large study."""
    done = subprocess.run([sys.executable, "-c", OPEN, str(path)], check=True, capture_output=True, text=True)
    wall, cpu, memory, again, n = done.stdout.split()
    return float(wall), float(cpu), float(memory), float(again), int(n)


def command(*words: str) -> tuple[float, float]:
    """(wall, CPU) seconds of a command line, the best of three; its process starts anew each time."""
    return min(_command(words) for _ in range(3))


def _command(words: tuple[str, ...]) -> tuple[float, float]:
    before, cpu = time.perf_counter(), _children()
    subprocess.run([sys.executable, "-m", "rung", *words], check=True, capture_output=True)
    return time.perf_counter() - before, _children() - cpu


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--metrics", type=int, default=1)
    parser.add_argument("--studies", type=int, default=1_000)
    parser.add_argument(
        "--folder", type=Path, help="where the stores are written and kept; used if there already"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = (given.folder or Path(temporary)) / "large.db"
        if not path.exists():
            write(path, given.events, given.metrics, given.studies)
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; rung {rung.__version__}")
        wall, cpu, memory, again, n = opened(path)
        print(f"opening {n:,} events: {wall:.1f} s ({cpu:.1f} s of CPU), {memory:,.0f} MiB at the peak")
        print(f"refreshing it, nothing new: {again * 1e3:.1f} ms")
        many = str(path.with_suffix(".many.db"))
        for title, words in (
            ("rung --version", ("--version",)),
            ("rung ls, one study", ("ls", "--store", str(path))),
            ("rung show, that study", ("show", "large", "--store", str(path))),
            (f"rung ls, {given.studies:,} studies", ("ls", "--store", many)),
            ("rung show, one of them", ("show", "small 7", "--store", many)),
        ):
            wall, cpu = command(*words)
            print(f"{title}: {wall:.2f} s ({cpu:.2f} s of CPU)")


if __name__ == "__main__":
    main()
