import math

import pytest

from rung.core.budget import Account, Budget
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
