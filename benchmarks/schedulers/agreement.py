"""The start-and-stop ASHAs of rung, Ray Tune and Syne Tune on one stream of results: where they agree, and why not.

All get the same eta, the same levels and the same order of arrival; every trial arrives at every level whatever was
said to it, so that all compare with the same earlier results. Then each difference is sorted by what explains it; one
that nothing explains is an error. At the end each rule runs by itself, to show what the differences come to.

Usage: python benchmarks/schedulers/agreement.py [--trials 1000] [--python PEERS/bin/python]
"""

import argparse
import math
import sys
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from parts.peers import ask_peer
from parts.stream import loss
from parts.tables import heading, table

import rung
from rung.core.budget import Account
from rung.core.decision import Advance, Arrived, Ask, JobGranted, Slot
from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng

SPACE = rung.Space(x=rung.Float(0, 1))
PEERS = {"ray": "Ray Tune", "syne_tune": "Syne Tune"}
Arrival = tuple[int, int, float]
"""Trial, level, loss."""

NAN = math.nan
REASONS = {
    "diverged": (
        [0.1, 0.2, 0.3, NAN],
        "NaN. rung: failed, worst, never goes on. Ray Tune stops what is below the cutoff; NaN is not below anything.",
    ),
    "others diverged": (
        [NAN, NAN, NAN, 0.1, 0.3, 0.2],
        "NaN among the others. rung: worst. Ray Tune leaves them out of the percentile, so fewer go on. Syne Tune "
        "bisects the ranks in a list that Python cannot sort.",
    ),
    "tie": (
        [0.1, 0.2, 0.1],
        "Equal values. rung: the earlier trial is better. The others: all go on that equal one who would.",
    ),
    "first": (
        [0.1, 0.2],
        "Fewer than eta have arrived. rung: all go on. The others: from the second one on only who is good enough.",
    ),
    "cutoff": (
        [0.1, 0.3, 0.4, 0.2],
        "Next to the cutoff. rung: the best n // eta of n. Ray Tune: not worse than the (1 - 1/eta) percentile, "
        "interpolated, of the n - 1 before it. Syne Tune: at most n / eta are better, which lets one more go on.",
    ),
}
"""Why the rules may differ: the losses of a case that shows it (eta = 3, the last one is judged), and words."""


@dataclass(frozen=True)
class Case:
    """A stream.

    Attributes:
        name: What the table calls it.
        eta: Reduction factor.
        levels: Where trials are judged; at the last one they end.
        arrivals: In the order in which all are told.
    """

    name: str
    eta: int
    levels: tuple[int, ...]
    arrivals: list[Arrival]


def cases(n: int) -> list[Case]:
    """Continuous losses with three etas, losses of two digits, and such that diverge."""
    found = [_case(f"eta = {eta}", n, eta) for eta in (2, 3, 4)]
    found.append(_case("eta = 3, two digits", n, 3, lambda value, draw: round(value, 2)))
    return [*found, _case("eta = 3, 5 % NaN", n, 3, lambda value, draw: math.nan if draw < 0.05 else value)]


def small_cases() -> list[Case]:
    """The case that shows each reason."""
    return [
        Case(reason, 3, (1, 3, 9), [(trial, 1, value) for trial, value in enumerate(losses)])
        for reason, (losses, _) in REASONS.items()
    ]


def _case(
    name: str, n: int, eta: int, change: Callable[[float, float], float] = lambda value, draw: value
) -> Case:
    levels = tuple(eta**k for k in range(4))
    draw = rng(0, name, n)
    waiting = [(trial, 0) for trial in range(n)]
    xs = draw.random(n)
    arrivals: list[Arrival] = []
    while waiting:  # a trial among the next 20, so that levels mix as with 20 workers
        trial, index = waiting.pop(int(draw.integers(min(20, len(waiting)))))
        value = change(loss(float(xs[trial]), levels[index]), draw.random())
        arrivals.append((trial, levels[index], value))
        if index + 2 < len(levels) and not math.isnan(value):
            waiting.insert(int(draw.integers(min(20, len(waiting) + 1))), (trial, index + 1))
    return Case(name, eta, levels, arrivals)


# What each says


def ours(case: Case) -> list[bool]:
    """Whether `StoppingASHA` lets each go on when it arrives."""
    spec = rung.StoppingASHA(max_resource=case.levels[-1], eta=case.eta)
    live = spec.start(SPACE, (Objective("loss"),), 0)
    said = []
    for number, (trial, level, value) in enumerate(case.arrivals):
        live.apply(Arrived(trial, level, (math.inf if math.isnan(value) else value,)))
        said.append(isinstance(live.decide(_ask()), Advance))
        live.apply(JobGranted(number, trial, level, level * case.eta))  # whatever was said
    return said


def _ask() -> Ask:
    return Ask(
        (Slot(0),),
        frozenset(),
        True,
        Account().room(),
        History(SPACE, 1),
        lambda purpose, n: rng(0, purpose, n),
        lambda trial: 0,
        lambda parent: 0,
    )


def theirs(python: str, package: str, asked: Sequence[Case]) -> tuple[str, list[list[bool]]] | None:
    """The version of a peer, and what it says to each case; None if it is not installed."""
    question = [
        {
            "eta": case.eta,
            "levels": case.levels,
            "arrivals": [
                (trial, level, None if math.isnan(value) else value) for trial, level, value in case.arrivals
            ],
        }
        for case in asked
    ]
    answer = ask_peer(python, "peer_rules.py", [package], question)
    if answer is None:
        return None
    return answer["version"], [[said == "CONTINUE" for said in each] for each in answer["said"]]


# What explains a difference


class Before:
    """The results at one level before one that arrives."""

    def __init__(self) -> None:
        self.sorted: list[float] = []
        self.n_diverged = 0

    def reason(self, value: float, eta: int) -> str:
        """What may make the rules differ about a result that arrives now; "" if nothing that is known."""
        if math.isnan(value):
            return "diverged"
        better = bisect_left(self.sorted, value)
        n = len(self.sorted) + self.n_diverged + 1
        if self.n_diverged:
            return "others diverged"
        if better < len(self.sorted) and self.sorted[better] == value:
            return "tie"
        if n < eta:
            return "first"
        return "cutoff" if n // eta - 1 <= better <= -(-n // eta) else ""

    def add(self, value: float) -> None:
        """It has arrived."""
        if math.isnan(value):
            self.n_diverged += 1
        else:
            insort(self.sorted, value)


def compared(case: Case, mine: Sequence[bool], other: Sequence[bool]) -> Counter[str]:
    """How often two agree, and how often they differ for each reason."""
    rungs = {level: Before() for level in case.levels}
    found: Counter[str] = Counter()
    for (_, level, value), here, there in zip(case.arrivals, mine, other, strict=True):
        found["agree" if here == there else rungs[level].reason(value, case.eta) or "unexplained"] += 1
        rungs[level].add(value)
    return found


# What the differences come to: the three rules, each by itself


def rules(eta: int) -> dict[str, Callable[[list[float], float], bool]]:
    """Whether a loss goes on, given those that arrived before it; as the three define it, without ties and NaN."""

    def rung_rule(before: list[float], value: float) -> bool:
        keep = (len(before) + 1) // eta
        return not keep or sum(each <= value for each in before) < keep

    def ray_rule(before: list[float], value: float) -> bool:
        return not before or -value >= np.percentile([-each for each in before], (1 - 1 / eta) * 100)

    def syne_rule(before: list[float], value: float) -> bool:
        return not before or sum(each < value for each in before) / (len(before) + 1) <= 1 / eta

    return {"rung": rung_rule, "ray": ray_rule, "syne_tune": syne_rule}


def reached(
    rule: Callable[[list[float], float], bool], xs: Sequence[float], levels: Sequence[int]
) -> list[int]:
    """How many trials arrive at each level if those that a rule stops are not trained further."""
    rungs: list[list[float]] = [[] for _ in levels]
    for x in xs:
        for index, level in enumerate(levels):
            value = loss(x, level)
            goes_on = rule(rungs[index], value)
            rungs[index].append(value)
            if not goes_on:
                break
    return [len(each) for each in rungs]


def _word(goes_on: bool) -> str:
    return "goes on" if goes_on else "stopped"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--python", default=sys.executable, help="a Python in which the peers are installed")
    options = parser.parse_args()
    print(heading())
    rows, absent, total = [], set(), Counter[str]()
    asked, small = cases(options.trials), small_cases()
    shown = [
        [case.name, " ".join(f"{value:g}" for *_, value in case.arrivals), _word(ours(case)[-1])]
        for case in small
    ]
    for package, name in PEERS.items():
        answer = theirs(options.python, package, [*asked, *small])
        if answer is None:
            absent.add(package)
            continue
        for line, said in zip(shown, answer[1][len(asked) :], strict=True):
            line.append(_word(said[-1]))
        for case, other in zip(asked, answer[1], strict=False):
            mine = ours(case)
            found = compared(case, mine, other)
            total += found
            share = f"{100 * found['agree'] / len(mine):.1f} %"
            counts = [str(found[reason] or "") for reason in (*REASONS, "unexplained")]
            rows.append([case.name, f"{name} {answer[0]}", str(len(mine)), share, *counts])
    print(table(["stream", "compared with", "results", "agree", *REASONS, "unexplained"], rows, words=2))
    present = [name for package, name in PEERS.items() if package not in absent]
    print("\nThe last of these losses is judged, eta = 3:\n")
    print(table(["case", "losses in order of arrival", "rung", *present], shown, words=3 + len(present)))
    print("\n" + "\n".join(f"- **{reason}**: {words}" for reason, (_, words) in REASONS.items()))
    xs = rng(0, "numbers of the stream", 0).random(options.trials).tolist()
    levels = (1, 3, 9, 27)
    alone = [[name, *map(str, reached(rule, xs, levels))] for name, rule in rules(3).items()]
    print("\nEach rule by itself, eta = 3, one trial after the other:\n")
    print(table(["trials at", *map(str, levels)], alone))
    if absent:
        print(f"\nnot installed in {options.python}, so left out: {', '.join(sorted(absent))}")
    if total["unexplained"]:
        raise SystemExit(f"{total['unexplained']} differences are not explained.")


if __name__ == "__main__":
    main()
