"""Budget: what a study may spend in all, and the account of what it has spent and reserved."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from rung.core.errors import SpecError
from rung.core.objective import Metrics
from rung.core.tariff import ENERGY, MONEY, Tariff


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a study may spend; None means no limit. All but `seconds` count over all runs of the study.

    Attributes:
        trials: New trials; children of population-based training are not counted.
        resource: Units of training (epochs, folds …). What a lost job must train again is not counted twice.
        seconds: Wall-clock time of one `run`, the start of its workers included.
        worker_seconds: Training time summed over workers.
        cost: Sum of the metric named `cost_metric`.
        cost_metric: Which metric that the training reports is the cost since its last report.
        money: What training may cost at the `rates`, in their currency.
        rates: Price of an hour of a worker, by its kind ("cpu", "gpu", or what RUNG_KIND says on its machine); each
            report then holds the `money` that its training took.
        energy: What training may draw, in joules; needs `watts`.
        watts: Power that a worker draws in training, by its kind, where none can be measured; each report then holds
            the `energy` that its training took, in joules. Empty: it is measured everywhere. None: nobody asks.
    """

    trials: int | None = None
    resource: int | None = None
    seconds: float | None = None
    worker_seconds: float | None = None
    cost: float | None = None
    cost_metric: str = "cost"
    money: float | None = None
    rates: dict[str, float] = {}
    energy: float | None = None
    watts: dict[str, float] | None = None

    def __post_init__(self) -> None:
        for name in ("trials", "resource"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise SpecError(f"a budget's {name} is a whole number of at least 0, got {value!r}.")
        for name in ("seconds", "worker_seconds", "cost", "money", "energy"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and value >= 0):
                raise SpecError(f"a budget's {name} is a number of at least 0, got {value!r}.")
        if not isinstance(self.cost_metric, str) or not self.cost_metric:
            raise SpecError(f"a budget's cost_metric is the name of a metric, got {self.cost_metric!r}.")
        _check_by_kind("rates", self.rates, "the price of an hour")
        if self.watts is not None:
            _check_by_kind("watts", self.watts, "the power in watts")
        self._check_currencies()

    def _check_currencies(self) -> None:
        if self.money is not None and not self.rates:
            raise SpecError(
                f"money={self.money:g} needs rates=, the price of an hour of each kind of worker, such as "
                "{'cpu': 0.05}. What the training itself reports as its cost is limited by cost=."
            )
        if self.energy is not None and self.watts is None:
            raise SpecError(
                f"energy={self.energy:g} needs watts=, what each kind of worker draws, such as {{'cpu': 65}}, or "
                "watts={} where all can be measured."
            )
        counted = {MONEY: bool(self.rates), ENERGY: self.watts is not None}
        meant = [name for name in counted if counted[name] and self.cost_metric in (name, "cost")]
        if self.cost is not None and meant:
            said = " or ".join(f"{name}={self.cost:g}" for name in meant)
            raise SpecError(
                f"cost={self.cost:g} with cost_metric={self.cost_metric!r} limits what the training itself reports, "
                f"but {' and '.join(_MAKERS[name] for name in meant)} make workers report. Say {said}, or let "
                "cost_metric= name another metric of yours."
            )

    @property
    def tariff(self) -> Tariff:
        """What training costs in money and energy."""
        return Tariff(self.rates, self.watts)

    @property
    def costs(self) -> dict[str, float]:
        """The limits of what is paid, by the metric that says what was paid since the last report."""
        limits = ((self.cost_metric, self.cost), (MONEY, self.money), (ENERGY, self.energy))
        return {name: limit for name, limit in limits if limit is not None}

    @property
    def currencies(self) -> tuple[str, ...]:
        """The metrics that say what was paid since the last report, each once."""
        found = [MONEY] if self.rates else []
        if self.watts is not None:
            found.append(ENERGY)
        return tuple(dict.fromkeys([*found, *self.costs]))

    def scaled(self, share: float) -> "Budget":
        """A share of all that is limited but trials and wall-clock time."""
        limits = {name: getattr(self, name) for name in ("worker_seconds", "cost", "money", "energy")}
        found = {name: limit * share for name, limit in limits.items() if limit is not None}
        resource = None if self.resource is None else int(self.resource * share + 1e-9)
        return msgspec.structs.replace(self, resource=resource, **found)

    @property
    def is_endless(self) -> bool:
        """Whether nothing is limited."""
        limits = (self.trials, self.resource, self.seconds, self.worker_seconds)
        return all(limit is None for limit in limits) and not self.costs


_MAKERS = {MONEY: "rates=", ENERGY: "watts="}


def total(spent: Mapping[str, float], more: Mapping[str, float]) -> Mapping[str, float]:
    """Two sums of currencies together."""
    return {name: spent.get(name, 0.0) + more.get(name, 0.0) for name in {**spent, **more}} if more else spent


def _check_by_kind(name: str, given: object, what: str) -> None:
    if not isinstance(given, Mapping):
        raise SpecError(f"a budget's {name} is {what} for each kind of worker, as a dict, got {given!r}.")
    for kind, value in given.items():
        if not isinstance(kind, str) or not kind:
            raise SpecError(f"a kind of worker in {name} is a word such as 'cpu' or 'gpu', got {kind!r}.")
        if not _is_number(value) or not 0 <= value < math.inf:
            raise SpecError(f"{what} of {kind!r} in {name} is a number of at least 0, got {value!r}.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


NO_LIMIT = Budget()


@dataclass(slots=True)
class Account:
    """What a study has spent and reserved, against its budget.

    A job reserves its units of resource when it is granted. Each report turns reserved units into spent ones; the end
    of the job frees the rest, and units whose result was lost with a machine are refunded. Seconds and cost of
    reserved units are estimated by the study's mean per unit so far.

    Attributes:
        budget: The limits.
        trials: Trials created, without children.
        resource: Units spent, those refunded left out.
        reserved: Units granted to open jobs and not reported yet.
        seconds: Training time of all reports.
        cost: Cost of all reports.
        spent: What reports say of each currency of the budget, summed.
        trained: Units reported in all, also those refunded later.
    """

    budget: Budget = NO_LIMIT
    trials: int = 0
    resource: int = 0
    reserved: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    spent: Mapping[str, float] = field(default_factory=dict)
    trained: int = 0

    def train(self, units: int, seconds: float, cost: float) -> None:
        """Reserved units were trained and reported."""
        self.reserved -= units
        self.resource += units
        self.trained += units
        self.seconds += seconds
        self.cost += cost

    def late(self, seconds: float, cost: float) -> None:
        """A job that is over reported once more: its time counts, its units were refunded."""
        self.seconds += seconds
        self.cost += cost

    def shares(self, metrics: Metrics) -> dict[str, float]:
        """What a report says of each currency."""
        found: dict[str, float] = {}
        for name in self.budget.currencies:
            value = metrics.get(name)
            if value is not None and not isinstance(value, str):
                found[name] = value
        return found

    def paid(self, currency: str) -> float:
        """What was paid of a currency that is limited."""
        budget = self.budget
        own = budget.cost is not None and currency == budget.cost_metric
        return self.cost if own else self.spent.get(currency, 0.0)

    def more_trials(self) -> bool:
        """Whether one more trial may be created."""
        return self.budget.trials is None or self.trials < self.budget.trials

    def room(self) -> float:
        """Units of resource that the budget still has for new jobs; `inf` without a limit, never below 0."""
        budget = self.budget
        room = math.inf
        if budget.resource is not None:
            room = budget.resource - self.resource - self.reserved
        if budget.worker_seconds is not None:
            room = min(room, self._units_left(budget.worker_seconds, self.seconds))
        for name, limit in budget.costs.items():
            room = min(room, self._units_left(limit, self.paid(name)))
        return max(room, 0)

    def overdrawn(self) -> str | None:
        """The currency that is used up while jobs are running, or None."""
        if self.budget.worker_seconds is not None and self.seconds >= self.budget.worker_seconds:
            return "worker_seconds"
        return next((name for name, limit in self.budget.costs.items() if self.paid(name) >= limit), None)

    def _units_left(self, limit: float, spent: float) -> float:
        if spent >= limit:
            return 0
        if not spent:
            return math.inf  # nothing is known about the price of a unit yet
        return (limit - spent) * self.trained / spent - self.reserved
