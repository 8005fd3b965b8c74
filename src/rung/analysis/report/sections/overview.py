"""The head of a report: what is tuned, how far it is, the best configuration, what it cost."""

import math
from collections.abc import Callable, Mapping
from itertools import accumulate

from rung.analysis.data import StudyData
from rung.analysis.formats import FORMATS
from rung.analysis.plots.front import front_data
from rung.analysis.report.html import Html, copy_button, element, joined, pairs
from rung.analysis.report.reading import Reading, Section
from rung.core.decision import Status
from rung.core.errors import NoResultError
from rung.core.space import Config
from rung.core.why import plural
from rung.results import feasibility, full_cost
from rung.words import conjoined, counts, duration, number, scalar, size, units

ORDER: tuple[Status, ...] = ("complete", "running", "queued", "paused", "stopped", "failed")


def head(reading: Reading) -> Html:
    """The name, the goal, and how the study stands."""
    data = reading.data
    goals = [
        element("span", "maximize " if goal.maximize else "minimize ", element("b", goal.metric))
        for goal in data.objectives
    ]
    goal = joined(*(joined(" and " if i else "", each) for i, each in enumerate(goals)))
    time = reading.written.strftime("%Y-%m-%d %H:%M %Z")
    state = (
        joined(element("span", "running", class_="chip running"), f" as of {time}")
        if data.running
        else joined(f"as of {time}")
    )
    limits = conjoined([str(limit) for limit in reading.study.spec.constraints])
    under = f" with {limits}" if limits else ""
    return joined(element("h1", data.name), element("p", goal, under, " · ", state, class_="subtitle"))


def overview(reading: Reading) -> Section:
    """The best, and what the study has spent."""
    return Section("overview", "Overview", element("div", _best(reading), _facts(reading), class_="overview"))


# The best


def _best(reading: Reading) -> Html:
    if len(reading.data.objectives) > 1:
        return _front(reading)
    try:
        best = reading.study.best
    except NoResultError as error:
        return element("div", element("p", str(error)), class_="card best")
    metric = reading.data.objectives[0].metric
    reached = units(best.resource, reading.data.unit)
    return element(
        "div",
        element("p", f"Best {metric}", class_="label"),
        element("p", number(best.value), class_="value"),
        element(
            "p",
            f"at {reached}, ",
            trial_link(best.number),
            f" of {reading.study.state.n_trials}",
            class_="quiet",
        ),
        element("p", f"It breaks a constraint: {conjoined(best.broken)}.") if best.broken else "",
        configuration(best.config),
        class_="card best",
    )


def _front(reading: Reading) -> Html:
    """The compromise, which is one of many answers."""
    try:
        front = front_data(reading.data, reading.weights)
    except NoResultError as error:
        return element("div", element("p", str(error)), class_="card best")
    chosen = int(front.trial[front.chosen])
    values = {
        f"{goal.metric}": element("b", number(value))
        for goal, value in zip(front.objectives, front.values[front.chosen].tolist(), strict=True)
    }
    others = f"is one of {front.n_front} trials that no other one dominates, "
    return element(
        "div",
        element("p", f"A good compromise: the {front.rule}", class_="label"),
        element("p", trial_link(chosen), class_="value"),
        element("p", others, element("a", "the front", href="#front"), class_="quiet"),
        pairs(values),
        configuration(reading.data.trials[chosen].config),
        class_="card best",
    )


def trial_link(number_: int) -> Html:
    """A link that opens a trial in the table."""
    return element("a", f"trial {number_}", href=f"#trial-{number_}")


def configuration(config: Config) -> Html:
    """A configuration, with buttons that copy it."""
    rows: dict[str, Html | str] = {name: element("code", scalar(value)) for name, value in config.items()}
    buttons = [copy_button(name, write(config)) for name, write in FORMATS.items()]
    copy = element("p", element("span", "Copy as", class_="quiet"), " ", joined(buttons), class_="copy")
    return joined(pairs(rows, "pairs config"), copy)


# What it cost


def _facts(reading: Reading) -> Html:
    tiles = [_trials(reading), _training(reading), _time(reading), *_used(reading), *_audits(reading)]
    tiles += [*_confirmed(reading), *_budget(reading)]
    return element("div", tiles, class_="facts")


def _tile(label: str, value: str, *more: Html | str) -> Html:
    parts = [element("p", each, class_="quiet") if not isinstance(each, Html) else each for each in more]
    return element(
        "div", element("p", label, class_="label"), element("p", value, class_="figure"), parts, class_="card"
    )


def _trials(reading: Reading) -> Html:
    found = reading.study.state.counts
    state = reading.study.state
    feasible = [f"feasible: {feasibility(state)}"] if state.constraints else []
    return _tile("Trials", f"{state.n_trials:,}", _bar(found), counts(found), *feasible)


def _bar(found: Mapping[Status, int]) -> Html:
    parts = [
        element(
            "span",
            class_=f"part {status}",
            style=f"flex-grow:{found[status]}",
            title=f"{found[status]} {status}",
        )
        for status in ORDER
        if found.get(status)
    ]
    return element("div", parts, class_="bar", aria_hidden="true")


def _training(reading: Reading) -> Html:
    account = reading.data.account
    full = full_cost(reading.study.state)
    saved = (
        f"{account.resource / full:.0%} of the {full:,} that every trial to the end would take"
        if account.resource < full
        else ""
    )
    return _tile(
        "Training",
        f"{account.resource:,} {plural(reading.data.unit, account.resource)}",
        *([saved] if saved else []),
    )


def _time(reading: Reading) -> Html:
    data = reading.data
    workers = _peak(data)
    busy = sum(job.ended - job.began for job in data.jobs)
    training = f"{duration(data.account.seconds)} of training on {units(workers, 'worker')} at most"
    share = (
        f"workers busy {busy / (workers * data.duration):.0%} of the time"
        if workers and data.duration
        else ""
    )
    return _tile("Time", duration(data.duration), training, *([share] if share else []))


def _used(reading: Reading) -> list[Html]:
    """What trials have used of their machines, where that was measured."""
    usage = reading.data.usage
    if not usage.seconds:
        return []
    owned = f" of {units(usage.cpus_owned, 'CPU')}" if usage.cpus_owned else " CPUs"
    cpus, memory = f"{usage.cpus:.2g}{owned}", f"{size(usage.memory_bytes)} of memory at most"
    if usage.gpu is None:
        return [_tile("Used by a trial", cpus, memory)]
    held = usage.gpu_memory_bytes
    more = [] if held is None else [f"{size(held)} of GPU memory at most"]
    return [_tile("Used by a trial", f"{100 * usage.gpu:.0f} % of its GPU", *more, cpus, memory)]


def _audits(reading: Reading) -> list[Html]:
    """What stopping early costs, where audits tell."""
    if reading.data.spec.audit is None:
        return []
    overall = reading.study.audits.overall
    if not overall.n_audited or math.isnan(overall.share):
        return [_tile("Early stopping", "not known yet", "no audit has ended that could be compared")]
    figure = f"{overall.n_better} of {overall.n_audited} better"
    words = (
        f"of {overall.n_stopped:,} trials stopped early, audits finished {overall.n_audited}; "
        f"{overall.low:.0%} to {overall.high:.0%} of all would beat the best"
    )
    return [_tile("Early stopping", figure, words)]


def _confirmed(reading: Reading) -> list[Html]:
    """How good the best is when it is trained anew, where that was asked for."""
    state = reading.study.state
    if state.confirmations.last is None or len(state.objectives) > 1:
        return []
    found = reading.study.confirmed
    if not found or not found.best.measured.n:
        return [_tile("Confirmed", "not known yet", "no leader was trained anew to the end")]
    best = found.best.measured
    interval = [f"{number(best.low)} to {number(best.high)} with 95 % confidence"] if best.n > 1 else []
    words = f"trial {found.best.trial}, trained anew {units(best.n, 'time')}"
    return [_tile("Confirmed", number(best.mean), words, *interval)]


def _peak(data: StudyData) -> int:
    """How many jobs ran at once at most; workers that replace lost ones do not count twice."""
    changes = sorted([(job.began, 1) for job in data.jobs] + [(job.ended, -1) for job in data.jobs])
    return max(accumulate(change for _, change in changes), default=0)


def _budget(reading: Reading) -> list[Html]:
    account = reading.data.account
    budget = account.budget
    limits: list[tuple[str, float, float | None, Callable[[float], str]]] = [
        ("trials", account.trials, budget.trials, _whole),
        (plural(reading.data.unit, None), account.resource, budget.resource, _whole),
        ("training time", account.seconds, budget.worker_seconds, duration),
        *((name, account.paid(name), limit, number) for name, limit in budget.costs.items()),
    ]
    rows = [
        _meter(name, spent, limit, f"{write(spent)} of {write(limit)}")
        for name, spent, limit, write in limits
        if limit is not None
    ]
    return [_tile_of_budget(rows)] if rows else []


def _whole(n: float) -> str:
    return f"{n:,}"


def _tile_of_budget(rows: list[Html]) -> Html:
    return element("div", element("p", "Budget", class_="label"), rows, class_="card")


def _meter(name: str, spent: float, limit: float, words: str) -> Html:
    share = min(1.0, spent / limit) if limit else 1.0
    fill = element("span", class_="fill", style=f"width:{share:.1%}")
    return joined(
        element("p", element("span", name, class_="quiet"), " ", words, class_="meter"),
        element("div", fill, class_="bar", aria_hidden="true"),
    )
