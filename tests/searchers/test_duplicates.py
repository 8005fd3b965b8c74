import pytest

import rung
from rung.core.history import History
from rung.core.rng import rng
from rung.core.space import Choice, Float, Int, Space
from rung.core.suggestion import Request, Suggestion
from rung.searchers.duplicates import distinct

SPACE = Space(
    {
        "n": Int(0, 3),
        "kind": Choice({"a": {"step": Float(0, 1, step=0.5)}, "b": {}}),
        "flag": Choice([True, False]),
    }
)


class Stubborn:
    """Suggests one configuration only."""

    looks_at_results = False

    def __init__(self, config):
        self.config = config

    def suggest(self, history, request):
        return [Suggestion(dict(self.config), {"model": "stubborn"})] * request.count


def walk(searcher, space, n):
    """Suggestions one by one, each a trial of the history that the next one is made from."""
    history, found = History(space, 1), []
    for trial in range(n):
        request = Request(trial, trial, 1, 1, 0, lambda purpose, n: rng(0, purpose, n))
        for suggestion in searcher.suggest(history.view(), request):
            history.add_trial(suggestion.config)
            found.append(suggestion)
    return history, found


STARTS = {"n": 1, "kind": "a", "step": 0.5, "flag": True}


@pytest.mark.parametrize("rules", [(), ("n * step <= 1", "flag or n > 0")])
def test_a_finite_space_is_tried_to_its_end_and_no_further(rules):
    space = SPACE.where(*rules)
    history, found = walk(distinct(Stubborn(STARTS), space, "forbid"), space, 50)
    assert len(found) == space.size
    assert all(space.contains(config) for config in history.configs)
    assert len({frozenset(config.items()) for config in history.configs}) == space.size


def test_a_duplicate_becomes_a_neighbour_first():
    _, found = walk(distinct(Stubborn(STARTS), SPACE, "forbid"), SPACE, 6)
    changed = [sum(STARTS.get(name) != each.config.get(name) for name in STARTS) for each in found]
    assert changed[0] == 0
    assert all(moves <= 2 for moves in changed)  # a choice and what it opened
    assert all(abs(each.config["n"] - 1) <= 1 for each in found)
    assert found[0].fitted == {"model": "stubborn"}
    assert found[1].fitted == {"model": "stubborn", "instead_of": 0}


def test_what_is_suggested_does_not_depend_on_what_was_asked_before():
    lived = distinct(Stubborn(STARTS), SPACE, "forbid")
    history, _ = walk(lived, SPACE, 20)
    request = Request(20, 20, 3, 1, 0, lambda purpose, n: rng(0, purpose, n))
    fresh = distinct(Stubborn(STARTS), SPACE, "forbid").suggest(history.view(), request)
    assert list(lived.suggest(history.view(), request)) == list(fresh)
    assert len({frozenset(each.config.items()) for each in fresh}) == 3
    assert lived.suggest(History(SPACE, 1).view(), request)[0].config == STARTS  # the past forgets


def test_replicates_are_trained_again_and_the_log_says_of_what():
    _, found = walk(distinct(Stubborn(STARTS), SPACE, "replicate"), SPACE, 3)
    assert [each.config for each in found] == [STARTS] * 3
    assert [each.fitted.get("replicates") for each in found] == [None, 0, 0]


def test_a_space_with_a_continuous_hyperparameter_is_left_alone():
    searcher = Stubborn({"x": 0.5})
    assert distinct(searcher, Space(x=Float(0, 1)), "forbid") is searcher


def test_a_study_ends_when_its_space_is_exhausted_and_goes_on_in_a_larger_one():
    space = {"n": rung.Int(0, 4), "m": rung.Int(0, 3)}

    def train(trial):
        trial.report(loss=trial.config["n"] * trial.config["m"])

    with rung.Study("small", space, minimize="loss", searcher=rung.RandomSearch(), store=None) as study:
        study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=50))
        assert len(study.trials) == 20
        study.change_space(rung.Space({**space, "n": rung.Int(0, 5)}).where("n + m >= 2"))
        study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=50))
        assert len(study.trials) == 24
        assert {(t.config["n"], t.config["m"]) for t in study.trials[20:]} == {(5, m) for m in range(4)}
    twice = rung.Study("twice", space, minimize="loss", duplicates="replicate", store=None)
    twice.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=50))
    assert len(twice.trials) == 50
    with pytest.raises(rung.SpecError, match="'forbid' or 'replicate'"):
        rung.Study("wrong", space, minimize="loss", duplicates="never", store=None)  # type: ignore[arg-type]
