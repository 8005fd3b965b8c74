import pytest

from rung.core.errors import SpecError
from rung.core.resource import check_given_levels, levels


@pytest.mark.parametrize(
    ("low", "high", "eta", "expected"),
    [
        (1, 81, 3, (1, 3, 9, 27, 81)),
        (1, 100, 3, (1, 3, 9, 27, 81, 100)),
        (2, 27, 3, (2, 6, 18, 27)),
        (1, 82, 3, (1, 3, 9, 27, 81, 82)),
        (1, 1, 3, (1,)),
        (5, 5, 2, (5,)),
        (1, 2, 3, (1, 2)),
        (1, 256, 4, (1, 4, 16, 64, 256)),
    ],
)
def test_levels_are_powers_of_eta_below_the_maximum_and_then_the_maximum(
    low: int, high: int, eta: int, expected: tuple[int, ...]
) -> None:
    assert levels(low, high, eta) == expected


@pytest.mark.parametrize(("bracket", "expected"), [(0, (1, 3, 9)), (1, (3, 9)), (2, (9,)), (7, (9,))])
def test_a_bracket_leaves_out_levels_at_the_bottom(bracket: int, expected: tuple[int, ...]) -> None:
    assert levels(1, 9, 3, bracket) == expected


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((1, 81, 1), "eta must be an integer of at least 2, got 1. Use eta=3"),
        ((1, 81, 2.5), "eta must be an integer of at least 2, got 2.5"),
        ((0, 81, 3), "min_resource must be a whole number of at least 1, got 0"),
        ((1, 0, 3), "max_resource must be a whole number of at least 1, got 0"),
        ((1, True, 3), "max_resource must be"),
        ((9, 3, 3), "min_resource must be at most max_resource, got 9 and 3"),
        ((1, 9, 3, -1), "bracket must be at least 0, got -1"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_in_the_users_words(
    numbers: tuple[int, ...], words: str
) -> None:
    with pytest.raises(SpecError, match=words):
        levels(*numbers)


@pytest.mark.parametrize("given", [(), (3, 3), (3, 1), (0, 1), (1, 2.0)])
def test_levels_by_hand_must_rise(given: tuple[int, ...]) -> None:
    with pytest.raises(SpecError):
        check_given_levels(given)
