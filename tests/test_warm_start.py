from pathlib import Path

import numpy as np
import pytest

import rung
from rung.core.joined import Joined
from rung.core.space import Space
from rung.searchers.registry import SEARCHERS

SPACE = {"x": rung.Float(0, 1), "kind": rung.Choice({"a": {"y": rung.Float(0, 1)}, "b": {}})}
WIDER = {**SPACE, "z": rung.Float(0, 1, default=0.5)}


def train(trial: rung.Trial) -> None:
    config = trial.config
    if config["x"] > 0.9:
        raise MemoryError
    trial.report(loss=(config["x"] - 0.3) ** 2 + (config["kind"] == "a") + abs(config.get("z", 0.5) - 0.5))


def study(name: str, space: object = SPACE, n: int = 20, **options: object) -> rung.Study:
    made = rung.Study(name, space, minimize="loss", store=None, **options)  # type: ignore[arg-type]
    return made.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=n))


@pytest.fixture(scope="module")
def old() -> rung.Study:
    return study("old", n=30)


def test_a_searcher_knows_the_trials_of_an_earlier_study_also_in_a_wider_space(old: rung.Study) -> None:
    warm = study("warm", WIDER, 6, searcher=rung.Forest(random_every=0), warm_start=[old])
    assert all(trial.config["kind"] == "b" for trial in warm.trials[1:])
    assert [trial.config["x"] for trial in warm.trials if trial.config["x"] > 0.9] == []
    assert warm.replay().n_different == 0 and warm.replay().n_agreed > 6


def test_its_trials_are_none_of_this_study(old: rung.Study) -> None:
    warm = study("warm", WIDER, 3, searcher=rung.RandomSearch(), warm_start=[old])
    assert len(warm.trials) == 3 and warm.best.number in range(3)
    assert warm.history.n_trials == 3
    assert warm.state.account.trials == 3


def test_a_resumed_study_goes_on_as_one_that_was_never_interrupted(tmp_path: Path) -> None:
    url = tmp_path / "a.db"
    first = rung.Study("old", SPACE, minimize="loss", store=url)
    first.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=12))

    def run(name: str, n: int) -> rung.Study:
        made = rung.Study(
            name, SPACE, minimize="loss", searcher=rung.Forest(trees=4), warm_start=["old"], store=url
        )
        return made.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=n))

    run("cut", 4).close()
    cut, whole = run("cut", 8), run("whole", 8)
    assert [t.config for t in cut.trials] == [t.config for t in whole.trials]
    assert len(cut.history.past) == 1
    elsewhere = rung.Study("third", SPACE, minimize="loss", warm_start=[f"{url}/old"], store=None)
    assert len(elsewhere.history.past[0]) == 12


@pytest.mark.parametrize("tag", [tag for tag in SEARCHERS if tag not in ("grid", "mix")])
def test_every_searcher_may_be_warm_started(tag: str, old: rung.Study) -> None:
    warm = study("warm", WIDER, 4, searcher=SEARCHERS.decode({"type": tag}), warm_start=[old])
    assert len(warm.trials) == 4 and warm.replay().n_different == 0


def test_the_past_follows_when_the_space_changes(old: rung.Study) -> None:
    warm = study("warm", SPACE, 2, searcher=rung.Forest(trees=4), warm_start=[old])
    assert warm.history.past[0].points.shape == (30, 3)
    warm.change_space(WIDER)
    (past,) = warm.history.past
    assert past.points.shape == (30, 4)
    np.testing.assert_array_equal(past.points[:, 3], 0.5)


def test_the_joined_view_is_that_of_one_long_study(old: rung.Study) -> None:
    warm = study("warm", SPACE, 5, searcher=rung.RandomSearch(), warm_start=[old])
    own, joined = warm.history, Joined(warm.history)
    assert joined.n_trials == 35 and joined.n_observations == len(joined.losses) == len(joined.metrics)
    assert joined.encoded.shape == (35, 3) and len(joined.completed) == len(joined.configs) == 35
    np.testing.assert_array_equal(joined.trials[-own.n_observations :], own.trials + 30)
    np.testing.assert_array_equal(
        joined.losses[: -own.n_observations, 0],
        [trial.value for trial in old.trials if trial.value is not None],
    )
    lost = {trial.number for trial in old.trials if trial.value is None}
    assert set(joined.failed[:, 0]) == lost | {number + 30 for number in own.failed[:, 0]}


def test_what_does_not_fit_is_left_out_and_nothing_at_all_is_an_error(old: rung.Study) -> None:
    narrow = {"x": rung.Float(0, 0.5), "kind": SPACE["kind"]}
    warm = study("warm", narrow, 2, searcher=rung.Forest(trees=4), warm_start=[old])
    (past,) = warm.history.past
    assert 0 < past.inside.sum() < 30
    with pytest.raises(rung.SpecError, match=r"none of its 30 configurations fits.*default"):
        study("none", {"x": rung.Float(0, 1), "new": rung.Float(0, 1)}, 1, warm_start=[old])


def test_what_cannot_be_taken_over_is_said_in_a_sentence(old: rung.Study) -> None:
    empty = rung.Study("empty", SPACE, minimize="loss", store=None)
    with pytest.raises(rung.NoResultError, match="'empty' has no results to take over"):
        rung.Study("warm", SPACE, minimize="loss", warm_start=[empty], store=None)
    with pytest.raises(rung.SpecError, match=r"did not report \['error'\], only \['loss'\]"):
        rung.Study("warm", SPACE, minimize="error", warm_start=[old], store=None)
    with pytest.raises(rung.SpecError, match="warm_start is a list of studies"):
        rung.Study("warm", SPACE, minimize="loss", warm_start="old", store=None)
    with pytest.raises(rung.SpecError, match="cannot be found in memory"):
        rung.Study("warm", SPACE, minimize="loss", warm_start=["old"], store=None)


def test_a_configuration_keeps_what_a_space_knows() -> None:
    from rung.core.past import fitting

    space = Space({**SPACE, "seed": 3})
    assert fitting(space, {"x": 0.1, "kind": "b", "y": 0.2, "gone": 1}) == {"x": 0.1, "kind": "b", "seed": 3}
    assert fitting(space, {"x": 0.123456789012345, "kind": "b"})["x"] == 0.123456789012345
