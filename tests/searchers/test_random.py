import pytest

from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Choice, Float, Int, Space
from rung.core.suggestion import Request, Searcher
from rung.searchers.random import BLOCK, RandomSearch

SPACE = Space(
    {"x": Float(1e-4, 1.0, log=True), "n": Int(1, 9), "kind": Choice({"a": {"y": Float(0, 1)}, "b": {}})}
)


def start(seed: int = 0) -> Searcher:
    return RandomSearch().start(SPACE, (Objective("loss"),), seed)


def suggest(searcher: Searcher, trial: int, count: int = 1) -> list[dict[str, object]]:
    request = Request(trial, trial, count, 1, 0, lambda purpose, n: rng(0, purpose, n))
    return [each.config for each in searcher.suggest(History(SPACE, 1).view(), request)]


def test_a_configuration_depends_on_the_seed_and_the_number_of_its_trial_alone() -> None:
    numbers = [0, BLOCK - 1, BLOCK, 5, 3 * BLOCK + 1, 5]
    walked = [suggest(start(), 0, 4 * BLOCK)[number] for number in numbers]
    searcher = start()
    assert [suggest(searcher, number)[0] for number in numbers] == walked
    assert suggest(start(seed=1), 5) != suggest(start(), 5)


def test_every_suggestion_lies_in_the_space() -> None:
    found = suggest(start(), 0, 1000)
    for config in found:
        SPACE.check(config)
    assert 0.4 < sum(config["kind"] == "a" for config in found) / 1000 < 0.6
    assert 0.4 < sum(config["x"] < 1e-2 for config in found) / 1000 < 0.6  # type: ignore[operator]


@pytest.mark.parametrize("count", [1, 7, BLOCK, BLOCK + 1])
def test_it_gives_as_many_as_are_wanted(count: int) -> None:
    assert len(suggest(start(), BLOCK - 3, count)) == count


def test_whoever_changes_a_suggestion_changes_no_other() -> None:
    searcher = start()
    suggest(searcher, 3)[0]["n"] = 10**6
    assert suggest(start(), 3)[0]["n"] != 10**6
