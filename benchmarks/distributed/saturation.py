"""How many workers does one driver carry, at one report per worker and second?

The driver, its pool for other machines, `StoppingASHA`, a random searcher and the log in SQLite are the real ones, on
the real clock; the workers are simulated in the same process (`pieces/crowd.py`): they take a second for a step, and
wait where the driver is late with their next job, as real ones do. First what an engine
takes for a message is measured, with one real worker: the processor time of the driver's thread for a report, less
that with a simulated worker. It is then spent at each message to the crowd, on that thread. Not measured: what an
engine's own threads take beside it in the driver's process (`messages.py` shows it), the network, and what thousands
of real processes cost the engine itself.

Usage: python benchmarks/distributed/saturation.py [--workers 250 500 1000 2000 4000 8000] [--seconds 4] [--figure
FILE.png]
"""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.append(str(Path(__file__).parents[1] / "schedulers"))

from messages import executors, reports
from parts.tables import heading, table
from pieces.crowd import Crowd
from pieces.here import calibration
from pieces.watched import Heard, Watched

import rung
from rung.core.event import Ended, Reported

WARM_S = 3.0  # until each worker has reported, and the longer the more there are
STARTS = 2000  # of workers, in a second
ENOUGH = 0.95  # of the reports that its workers could make, a driver must hear to carry them
OVERWHELMED = 0.6  # below, more workers would only take longer to begin
ENGINES = {"Dask": "rung.Dask, processes", "Ray": "rung.Ray"}
COLORS = {"no engine": "#8c8c8c", "Dask": "#e69f00", "Ray": "#0a7cc2"}


class Load(NamedTuple):
    """How a driver fared with a number of workers.

    Attributes:
        workers: How many.
        reports: It has heard in a second.
        decisions: In a second: ends of jobs, after each of which it grants one.
        late_s: Median of the time from when a report was due until it was heard.
        later_s: The same, one of a hundred.
        busy: Share of a processor that its thread has used.
    """

    workers: int
    reports: float
    decisions: float
    late_s: float
    later_s: float
    busy: float

    @property
    def share(self) -> float:
        """Of the time of its workers, the part in which they train."""
        return min(1.0, self.reports / self.workers)


def load(workers: int, seconds: float, message_s: float) -> Load:
    """Let one driver carry so many workers for so many seconds, after all have begun."""
    watched = Watched(Crowd(workers, message_s=message_s))
    warm_s = WARM_S + workers / STARTS
    with tempfile.TemporaryDirectory() as folder:
        study = rung.Study(
            "crowd",
            {"x": rung.Float(0, 1)},
            minimize="loss",
            scheduler=rung.StoppingASHA(max_resource=27, eta=3),
            searcher=rung.RandomSearch(),
            store=Path(folder) / "rung.db",
        )
        study.run(lambda trial: None, executor=watched, budget=rung.Budget(seconds=warm_s + seconds))
    return judged(workers, watched.heard, warm_s, seconds)


def loads(counts: Sequence[int], seconds: float, message_s: float) -> list[Load]:
    """One for each number of workers, rising, until the driver is overwhelmed."""
    found: list[Load] = []
    for workers in counts:
        found.append(load(workers, seconds, message_s))
        if found[-1].share < OVERWHELMED:
            break
    return found


def judged(workers: int, heard: Sequence[Heard], warm_s: float, seconds: float) -> Load:
    """What was heard in the `seconds` that begin `warm_s` after the first worker did."""
    begin = min(each.said for each in heard if isinstance(each.outcome, Reported)) + warm_s - 1.0
    window = [each for each in heard if begin <= each.time < begin + seconds]
    told = [each for each in window if isinstance(each.outcome, Reported)]
    if len(told) < 2:
        raise RuntimeError(
            f"{workers} workers have made {len(told)} reports in {seconds:g} s: measure longer"
        )
    span = told[-1].time - told[0].time
    late = sorted(each.time - each.said for each in told)
    ends = sum(isinstance(each.outcome, Ended) for each in window)
    busy = (told[-1].loop_s - told[0].loop_s) / span
    return Load(workers, len(told) / seconds, ends / seconds, median(late), late[int(0.99 * len(late))], busy)


def carried(found: Sequence[Load]) -> float:
    """How many workers the driver carries, between the last measurement with enough reports and the next one."""
    enough = [number for number, each in enumerate(found) if each.share >= ENOUGH]
    if not enough:
        return found[0].reports
    before = found[enough[-1]]
    if before is found[-1]:
        return float(before.workers)
    after = found[enough[-1] + 1]
    part = (before.share - ENOUGH) / (before.share - after.share)
    return before.workers + part * (after.workers - before.workers)


def message_costs(n: int) -> dict[str, float]:
    """Seconds of a processor that each engine takes for a message."""
    plain = mean(reports(Crowd(1, step_s=0.01), n).loop_ms for _ in range(2))
    with executors() as found:
        costs = {name: reports(found[which], n).loop_ms for name, which in ENGINES.items()}
    return {"no engine": 0.0} | {name: max(0.0, ms - plain) / 1e3 for name, ms in costs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[250, 500, 1000, 2000, 4000, 8000])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--reports", type=int, default=200, help="by which the cost of a message is measured")
    parser.add_argument("--no-engines", action="store_true", help="the driver alone")
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    logging.getLogger("rung").setLevel(logging.ERROR)  # these workers save nothing, and need not
    print(heading())
    print(calibration(), flush=True)
    costs = {"no engine": 0.0} if options.no_engines else message_costs(options.reports)
    found: dict[str, list[Load]] = {}
    rows = []
    load(20, 1.0, 0.0)  # it pays for the imports
    for name, message_s in costs.items():
        found[name] = loads(sorted(options.workers), options.seconds, message_s)
        rows += [_row(f"{name}, {1e6 * message_s:.0f} µs", each) for each in found[name]]
    header = [
        "messages by, each",
        "workers",
        "reports/s",
        "decisions/s",
        "trains",
        "late, ms",
        "1 of 100",
        "loop",
    ]
    print(table(header, rows), flush=True)
    print("\n" + table(["messages by", "workers that one driver carries"], _carried_rows(found)))
    if options.figure is not None:
        figure(options.figure, found, costs)


def _row(name: str, each: Load) -> list[str]:
    numbers = [f"{each.workers:,}", f"{each.reports:,.0f}", f"{each.decisions:,.0f}", f"{each.share:.1%}"]
    return [name, *numbers, f"{1e3 * each.late_s:,.0f}", f"{1e3 * each.later_s:,.0f}", f"{each.busy:.0%}"]


def _carried_rows(found: Mapping[str, Sequence[Load]]) -> list[list[str]]:
    rows = []
    for name, loads in found.items():
        most = carried(loads)
        rows.append([name, f"{most:,.0f}" + (" or more" if most >= loads[-1].workers else "")])
    return rows


def figure(file: Path, found: Mapping[str, Sequence[Load]], costs: Mapping[str, float]) -> None:
    """Draw what the driver hears against what its workers could say, and how late it is."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    titles = ["reports heard per second", "lateness of a report, median, ms"]
    drawn = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.1)
    counts = sorted({each.workers for loads in found.values() for each in loads})
    due = {"color": "#444444", "dash": "dot", "width": 1}
    drawn.add_trace(go.Scatter(x=counts, y=counts, name="due", mode="lines", line=due), 1, 1)
    for name, loads in found.items():
        label = name if not costs[name] else f"{name}, {1e6 * costs[name]:.0f} µs a message"
        line = {"name": label, "legendgroup": name, "mode": "lines+markers", "line": {"color": COLORS[name]}}
        x = [each.workers for each in loads]
        drawn.add_trace(go.Scatter(x=x, y=[each.reports for each in loads], **line), 1, 1)
        late = [max(0.1, 1e3 * each.late_s) for each in loads]
        drawn.add_trace(go.Scatter(x=x, y=late, showlegend=False, **line), 1, 2)
    ticks = {"type": "log", "tickvals": counts, "tickformat": ",", "title": "workers, a report a second each"}
    drawn.update_xaxes(**ticks)
    drawn.update_yaxes(type="log", tickvals=[*counts], tickformat=",", col=1)
    drawn.update_yaxes(type="log", dtick=1, tickformat=",", col=2)
    drawn.update_layout(
        template="plotly_white", legend={"orientation": "h", "y": -0.2}, margin={"t": 40, "r": 20, "b": 20}
    )
    drawn.write_image(file, width=1050, height=420, scale=2)


if __name__ == "__main__":
    main()
