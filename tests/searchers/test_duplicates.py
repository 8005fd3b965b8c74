import pytest

import rung
from rung.core.history import History
from rung.core.rng import rng
from rung.core.space import Choice, Float, Int, Space
from rung.core.suggestion import Request, Suggestion
from rung.searchers.duplicates import MOST_REUSED, distinct

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


def finished(history, trial, resource=1):
    history.add_observation(trial, resource, (1.0,), {"loss": 1.0}, 1.0, 0.0)


def ask(searcher, history, count=1, target=1):
    trial = len(history.configs)
    request = Request(trial, trial, count, target, 0, lambda purpose, n: rng(0, purpose, n))
    return searcher.suggest(history.view(), request)


def test_what_was_trained_to_the_end_is_reused_and_nothing_else():
    history = History(SPACE, 1)
    searcher = distinct(Stubborn(STARTS), SPACE, "reuse", full=9)
    history.add_trial(STARTS)
    history.pending[0] = 9
    assert ask(searcher, history)[0].fitted["instead_of"] == 0  # it is on its way
    del history.pending[0]
    finished(history, 0, 1)
    assert ask(searcher, history)[0].fitted["instead_of"] == 0  # it was stopped early
    finished(history, 0, 9)
    assert [(each.config, each.reuses) for each in ask(searcher, history)] == [(STARTS, 0)]
    assert ask(searcher, history, target=3)[0].reuses is None  # nobody knows what it was there
    history.add_failure(0, 27)
    assert ask(searcher, history)[0].reuses is None


def test_who_proposes_only_what_is_known_comes_to_the_end_of_the_space_all_the_same():
    history, new = History(SPACE, 1), 0
    searcher = distinct(Stubborn(STARTS), SPACE, "reuse")
    while found := ask(searcher, history):
        history.add_trial(found[0].config)
        finished(history, len(history.configs) - 1)
        new += found[0].reuses is None
    assert new == SPACE.size
    assert len(history.configs) == SPACE.size + (SPACE.size - 1) * MOST_REUSED


def test_several_at_once_are_no_more_reused_than_one_after_the_other():
    history = History(SPACE, 1)
    history.add_trial(STARTS)
    finished(history, 0)
    found = ask(distinct(Stubborn(STARTS), SPACE, "reuse"), history, count=MOST_REUSED + 2)
    assert [each.reuses for each in found] == [0] * MOST_REUSED + [None, 0]


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
    with pytest.raises(rung.SpecError, match="'forbid', 'reuse' or 'replicate'"):
        rung.Study("wrong", space, minimize="loss", duplicates="never", store=None)  # type: ignore[arg-type]
