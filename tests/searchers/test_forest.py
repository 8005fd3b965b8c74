from itertools import pairwise

import numpy as np
import pytest

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.space import Choice, Config, Float, Space
from rung.searchers.forest import Forest, scheduled
from rung.searchers.random import RandomSearch
from searchers.histories import ODD, SPACE, add, filled, request, start, walk

QUICK = Forest(trees=8)


def bowl(config: Config) -> float:
    off = {"a": 0.3, "b": 0.0, "c": 0.6}[str(config["kind"])]
    return float((config["x"] - 0.3) ** 2 + (np.log10(config["lr"]) + 2) ** 2 / 9 + off)  # type: ignore[operator]


@pytest.mark.parametrize("outcomes", ODD.values(), ids=ODD)
def test_suggestions_are_valid_whatever_came_before(outcomes: list[float | None]) -> None:
    history = filled(outcomes)
    live = start(Forest(initial=0, trees=4))
    for suggestion in live.suggest(history.view(), request(history.view().n_trials, count=3)):
        SPACE.check(suggestion.config)


def test_a_fresh_searcher_suggests_what_one_that_was_there_all_along_does() -> None:
    history, made = walk(QUICK, lambda config: None if config["x"] > 0.8 else bowl(config), 40)  # type: ignore[operator]
    again = History(SPACE, 1)
    lived = start(QUICK)
    for trial, suggestion in enumerate(made):
        if trial in (12, 20, 39):
            assert start(QUICK).suggest(again.view(), request(trial))[0] == suggestion
            assert lived.suggest(again.view(), request(trial))[0] == suggestion
        config = suggestion.config
        add(again, suggestion, None if config["x"] > 0.8 else bowl(config))  # type: ignore[operator]
    past = start(QUICK)
    past.suggest(history.view(), request(40))  # a memo of more than what is asked about next
    assert past.suggest(history.view(), request(40)) == start(QUICK).suggest(history.view(), request(40))


def test_it_beats_random_search() -> None:
    ours = min(history_losses(Forest(trees=10), 50))
    theirs = min(history_losses(RandomSearch(), 50))
    assert ours < 0.02 and ours < theirs / 3


def history_losses(spec: Forest | RandomSearch, n: int) -> list[float]:
    history, _ = walk(spec, bowl, n, seed=1)
    return [float(loss) for loss in history.view().losses[:, 0]]


def test_where_half_of_the_space_fails_proposals_become_rare() -> None:
    history, _ = walk(QUICK, lambda config: None if config["x"] > 0.5 else bowl(config), 80)  # type: ignore[operator]
    assert np.mean([config["x"] > 0.5 for config in history.configs[40:]]) < 0.1  # type: ignore[operator]


def test_it_finds_what_keeps_a_limit() -> None:
    history, live = History(SPACE, 1, 1), start(QUICK)
    for trial in range(45):
        (suggestion,) = live.suggest(history.view(), request(trial))
        history.add_trial(suggestion.config)
        broken = max(0.0, 0.6 - float(suggestion.config["x"]))  # type: ignore[arg-type]
        history.add_observation(trial, 1, (bowl(suggestion.config),), {}, 1.0, 0.0, (broken,))
    late = [config["x"] for config in history.configs[25:]]
    assert np.mean([x >= 0.6 for x in late]) > 0.7  # type: ignore[operator]
    assert min(late) < 0.75  # type: ignore[type-var, operator]


def test_several_objectives_are_weighted_anew_each_time() -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    history, _ = walk(
        QUICK,
        lambda c: (c["x"] ** 2 + c["y"] ** 2, (c["x"] - 1) ** 2 + c["y"] ** 2),  # type: ignore[operator]
        50,
        space=space,
        k=2,
    )
    late = history.view().encoded[20:]
    assert np.median(late[:, 1]) < 0.15
    assert (late[:, 0] < 0.35).any() and (late[:, 0] > 0.65).any()


def test_pending_trials_are_not_suggested_again_and_a_batch_is_spread() -> None:
    history, _ = walk(QUICK, bowl, 25)
    batch = start(QUICK).suggest(history.view(), request(25, count=6))
    points = SPACE.encode([each.config for each in batch])
    assert len(np.unique(np.nan_to_num(points), axis=0)) == 6
    first = batch[0]
    history.add_trial(first.config)
    history.pending[25] = 1
    assert start(QUICK).suggest(history.view(), request(26))[0].config == batch[1].config


def test_rules_are_kept_and_beliefs_count() -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1), kind=Choice(["a", "b", "c"])).where("x + y <= 0.8")
    history, _ = walk(QUICK, lambda c: -float(c["x"] + c["y"]), 30, space=space)  # type: ignore[operator]
    assert all(space.contains(config) for config in history.configs)
    assert history.view().losses.min() < -0.75


def test_it_learns_from_the_highest_resource_with_enough_trials() -> None:
    history = filled([1.0] * 30)
    for trial in range(30):
        history.add_observation(trial, 9, (bowl(history.configs[trial]),), {}, 1.0, 0.0)
    (suggestion,) = start(QUICK).suggest(history.view(), request(30))
    assert suggestion.fitted is not None and suggestion.fitted["model"] == "forest"
    assert bowl(suggestion.config) < np.median([bowl(config) for config in history.configs])


def test_every_few_suggestions_one_is_random() -> None:
    _, made = walk(Forest(trees=4, initial=4, random_every=5), bowl, 20)
    assert [each.fitted["model"] for each in made if each.fitted].count("random") == 4


def test_trees_grow_at_counts_that_are_five_percent_apart() -> None:
    assert [scheduled(n) for n in (0, 1, 99, 100, 104, 105, 110)] == [0, 1, 99, 100, 100, 105, 110]
    counts = sorted({scheduled(n) for n in range(100, 3000)})
    assert all(1.03 < b / a <= 1.05 for a, b in pairwise(counts))


@pytest.mark.parametrize("wrong", [{"initial": -1}, {"random_every": 1.5}, {"trees": 1}, {"trees": True}])
def test_a_wrong_option_is_said_in_a_sentence(wrong: dict[str, int]) -> None:
    with pytest.raises(SpecError, match=r"of Forest must be a whole number.*Use|Leave"):
        Forest(**wrong)


def test_the_log_says_what_the_forest_expected() -> None:
    _, made = walk(QUICK, bowl, 20)
    told = made[-1].fitted or {}
    assert told["model"] == "forest" and told["trials"] == 19
    assert {"log_ei", "mean", "std"} <= told.keys()
