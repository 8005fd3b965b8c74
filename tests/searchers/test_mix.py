from collections import Counter

import pytest

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.space import Choice, Config, Float, Space
from rung.searchers.forest import Forest
from rung.searchers.grid import GridSearch
from rung.searchers.mix import Mix
from rung.searchers.random import RandomSearch
from rung.searchers.registry import SEARCHERS
from searchers.histories import ODD, SPACE, add, filled, past_of, request, start, walk

MIX = Mix([RandomSearch(), Forest(trees=6, initial=6)])


def bowl(config: Config) -> float:
    return float((config["x"] - 0.3) ** 2 + (config["lr"] - 0.1) ** 2)  # type: ignore[operator]


def names(history: History) -> Counter[str | None]:
    return Counter(history.view().members)


@pytest.mark.parametrize("outcomes", ODD.values(), ids=ODD)
def test_suggestions_are_valid_whatever_came_before(outcomes: list[float | None]) -> None:
    history = filled(outcomes)
    found = start(MIX).suggest(history.view(), request(history.view().n_trials, count=3))
    assert len(found) == 3
    for suggestion in found:
        SPACE.check(suggestion.config)


@pytest.mark.parametrize("members", [[RandomSearch(), Forest(trees=6)], [Forest(trees=6), RandomSearch()]])
def test_the_better_member_comes_to_suggest_nearly_all(members: list[Forest]) -> None:
    history, _ = walk(Mix(members), bowl, 60)
    late = Counter(history.view().members[30:])
    assert late["forest"] >= 22


def test_a_member_that_is_stuck_gives_way() -> None:
    space = Space(x=Float(0, 1), stuck=Choice([True]))
    history, live = History(space, 1), start(Mix([RandomSearch(), RandomSearch()], memory=15), space)
    for trial in range(80):
        (suggestion,) = live.suggest(history.view(), request(trial))
        fine = (suggestion.fitted or {})["member"] == ("random 1" if trial < 40 else "random 2")
        add(history, suggestion, 1.0 / (trial + 1) if fine else 5.0)
    early, late = Counter(history.members[20:40]), Counter(history.members[60:])
    assert early["random 1"] >= 14 and late["random 2"] >= 14


def test_a_fresh_searcher_suggests_what_one_that_was_there_all_along_does() -> None:
    _, made = walk(MIX, bowl, 25)
    again = History(SPACE, 1)
    for trial, suggestion in enumerate(made):
        if trial % 6 == 0:
            assert start(MIX).suggest(again.view(), request(trial))[0] == suggestion
        add(again, suggestion, bowl(suggestion.config))


def test_several_at_once_are_shared_and_each_is_another() -> None:
    found = start(MIX).suggest(History(SPACE, 1).view(), request(0, count=6))
    assert Counter((each.fitted or {})["member"] for each in found) == {"random": 3, "forest": 3}
    assert len({frozenset(each.config.items()) for each in found}) == 6


def test_when_a_member_has_nothing_left_another_one_goes_on_and_then_the_search_ends() -> None:
    space = Space(kind=Choice(["a", "b", "c"]))
    grids = Mix([GridSearch(), GridSearch()])
    assert not grids.tries_defaults
    _, made = walk(Mix([GridSearch(), RandomSearch()]), lambda config: 1.0, 8, space=space)
    assert {each.config["kind"] for each in made} == {"a", "b", "c"}
    history, _ = walk(grids, lambda config: 1.0, 3, space=space)
    assert start(grids, space).suggest(history.view(), request(3)) == []


def test_each_member_knows_the_past() -> None:
    past = past_of(bowl, 30, 0)
    history = History(SPACE, 1)
    history.past = [past]
    live = start(Mix([Forest(trees=6), Forest(trees=6, random_every=0)]))
    found = live.suggest(history.view(), request(0, count=2))
    assert {(each.fitted or {})["model"] for each in found} == {"forest"}


def test_it_reads_as_it_was_written() -> None:
    table = {"type": "mix", "members": [{"type": "random"}, {"type": "forest", "trees": 5}], "memory": 9}
    found = SEARCHERS.decode(table)
    assert isinstance(found, Mix)
    assert found.searchers == [RandomSearch(), Forest(trees=5)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"members": [RandomSearch()]},
        {"members": [RandomSearch(), "tpe"]},
        {"members": [RandomSearch(), RandomSearch]},
        {"members": [RandomSearch(), {"type": "tpee"}]},
        {"members": [RandomSearch(), MIX]},
        {"members": [RandomSearch()] * 2, "memory": 0},
        {"members": [RandomSearch()] * 2, "explore": -1.0},
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(SpecError, match=r"Mix|searcher"):
        Mix(**wrong)  # type: ignore[arg-type]


def test_names_tell_members_of_a_kind_apart() -> None:
    history, _ = walk(Mix([RandomSearch(), RandomSearch(), Forest(trees=4)]), bowl, 9)
    assert set(names(history)) == {"random 1", "random 2", "forest"}
