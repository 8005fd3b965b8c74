import math

import pytest

from rung.core.budget import Account, Budget, total
from rung.core.errors import SpecError


@pytest.mark.parametrize(
    "options",
    [
        {"trials": -1},
        {"trials": 1.0},
        {"trials": True},
        {"resource": "9"},
        {"seconds": -0.1},
        {"cost": math.nan},
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(SpecError, match=f"a budget's {next(iter(options))} is"):
        Budget(**options)  # type: ignore[arg-type]


def test_without_limits_there_is_room_for_everything() -> None:
    account = Account(trials=10**9)
    assert (account.room(), account.more_trials(), account.overdrawn()) == (math.inf, True, None)


def test_what_is_reserved_is_no_room() -> None:
    account = Account(Budget(resource=10), reserved=6)
    assert account.room() == 4
    account.train(2, 1.0, 0.0)
    assert (account.room(), account.reserved, account.resource) == (4, 4, 2)


def test_a_budget_that_was_lowered_below_what_is_spent_leaves_no_room() -> None:
    assert Account(Budget(resource=5), resource=9).room() == 0
    assert not Account(Budget(trials=2), trials=3).more_trials()


def test_seconds_of_reserved_units_are_estimated_by_the_mean_so_far() -> None:
    account = Account(Budget(worker_seconds=100))
    assert account.room() == math.inf
    account.reserved = 10
    account.train(4, 20.0, 0.0)  # 5 s per unit: 80 s are left, which is 16 units, and 6 of them are reserved
    assert account.room() == 10


def test_the_tightest_currency_counts() -> None:
    account = Account(Budget(resource=50, worker_seconds=30, cost=3), reserved=10)
    account.train(10, 10.0, 2.0)
    assert account.room() == 5
    assert account.overdrawn() is None
    account.late(0.0, 1.0)
    assert (account.room(), account.overdrawn()) == (0, "cost")
    account.late(20.0, 0.0)
    assert account.overdrawn() == "worker_seconds"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"rates": {"gpu": -2.5}},
            "the price of an hour of 'gpu' in rates is a number of at least 0, got -2.5",
        ),
        ({"rates": {"gpu": math.inf}}, "got inf"),
        ({"rates": {"gpu": True}}, "got True"),
        ({"rates": {"": 1.0}}, "a kind of worker in rates is a word such as 'cpu' or 'gpu', got ''"),
        (
            {"rates": 2.5},
            "a budget's rates is the price of an hour for each kind of worker, as a dict, got 2.5",
        ),
        (
            {"watts": {"cpu": "65"}},
            "the power in watts of 'cpu' in watts is a number of at least 0, got '65'",
        ),
        ({"cost": 5.0, "rates": {"cpu": 1.0}}, "but rates= make workers report. Say money=5, or let"),
        ({"cost": 5.0, "watts": {}}, "but watts= make workers report. Say energy=5"),
        ({"cost": 5.0, "watts": {}, "rates": {"cpu": 1.0}}, "Say money=5 or energy=5"),
        ({"cost": 5.0, "cost_metric": "money", "rates": {"cpu": 1.0}}, "Say money=5"),
        ({"money": 5.0}, "money=5 needs rates="),
        ({"money": 5.0, "watts": {"cpu": 65}}, "money=5 needs rates="),
        ({"energy": 5.0, "rates": {"cpu": 1.0}}, "energy=5 needs watts="),
        ({"money": -5.0, "rates": {"cpu": 1.0}}, "a budget's money is a number of at least 0, got -5.0"),
        ({"energy": True, "watts": {}}, "a budget's energy is a number of at least 0, got True"),
    ],
)
def test_rates_and_watts_that_make_no_sense_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        Budget(**options)  # type: ignore[arg-type]


def test_each_currency_is_summed_beside_the_others() -> None:
    budget = Budget(money=9.0, rates={"cpu": 1.0}, watts={}, cost=1.0, cost_metric="kwh")
    assert budget.currencies == ("money", "energy", "kwh")
    account = Account(budget)
    assert account.shares({"loss": 0.1, "money": 2.0, "energy": "nan"}) == {"money": 2.0}
    assert total({"money": 1.0}, {"money": 2.0, "energy": 5.0}) == {"money": 3.0, "energy": 5.0}
    assert Budget(cost=1.0, cost_metric="money").costs == {"money": 1.0}  # the training itself reports it
    assert Budget(trials=9).currencies == ()


def test_money_and_energy_limit_at_once_and_the_scarcer_one_leaves_the_room() -> None:
    budget = Budget(money=10.0, rates={"cpu": 1.0}, energy=1000.0, watts={}, cost=4.0, cost_metric="kwh")
    account = Account(budget, reserved=10)
    assert account.room() == math.inf  # no price is known yet
    account.train(10, 10.0, 1.0)
    account.spent = {"money": 2.0, "energy": 500.0}
    assert account.room() == 10  # energy: 50 a unit; money would allow 40, and kwh 30
    assert account.overdrawn() is None
    account.spent = {"money": 10.0, "energy": 900.0}
    assert (account.room(), account.overdrawn()) == (0, "money")
    assert budget.scaled(0.5).costs == {"kwh": 2.0, "money": 5.0, "energy": 500.0}


def test_what_workers_cost_is_no_limit() -> None:
    assert Budget(rates={"cpu": 1.0}, cost_metric="money").is_endless
    assert not Budget(cost=0.0).is_endless
    assert not Budget(money=0.0, rates={"cpu": 1.0}).is_endless
