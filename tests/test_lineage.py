from rung.core.event import Started
from rung.core.why import Why
from rung.lineage import Stretch, lineage


def jobs(*given: tuple[int, int, int, str | None]) -> list[Started]:
    """Jobs of (trial, start, target, restore)."""
    return [
        Started(number, trial, start, target, 0, Why("new"), restore)
        for number, (trial, start, target, restore) in enumerate(given)
    ]


def test_a_trial_that_copied_nobody_is_its_own_lineage() -> None:
    assert lineage(jobs((0, 0, 3, None), (1, 0, 3, None), (0, 3, 6, None)), 0, 6) == [Stretch(0, 0, 6)]


def test_a_child_goes_on_where_its_parent_was_saved() -> None:
    found = jobs((0, 0, 3, None), (1, 0, 3, None), (2, 3, 6, "1/3.0"), (1, 3, 6, None), (3, 6, 9, "2/6.1"))
    assert lineage(found, 3, 9) == [Stretch(1, 0, 3), Stretch(2, 3, 6), Stretch(3, 6, 9)]
    assert lineage(found, 1, 6) == [Stretch(1, 0, 6)]


def test_what_a_parent_did_later_does_not_count() -> None:
    found = jobs((0, 0, 3, None), (0, 3, 6, None), (1, 3, 6, "0/3.0"), (0, 0, 6, None))
    assert lineage(found, 1, 6) == [Stretch(0, 0, 3), Stretch(1, 3, 6)]


def test_a_resumed_trial_is_one_stretch() -> None:
    found = jobs((0, 0, 3, None), (1, 3, 6, "0/3.0"), (1, 6, 9, "1/6.1"), (1, 9, 12, None))
    assert lineage(found, 1, 12) == [Stretch(0, 0, 3), Stretch(1, 3, 12)]


def test_where_a_checkpoint_was_lost_the_lineage_is_that_of_the_older_one() -> None:
    found = jobs((0, 0, 3, None), (0, 3, 6, None), (1, 6, 9, "0/6.1"), (1, 3, 9, "0/3.0"))
    assert lineage(found, 1, 9) == [Stretch(0, 0, 3), Stretch(1, 3, 9)]


def test_a_child_that_had_to_begin_from_scratch_has_no_ancestors() -> None:
    assert lineage(jobs((0, 0, 3, None), (1, 0, 6, None)), 1, 6) == [Stretch(1, 0, 6)]
