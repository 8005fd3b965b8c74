import numpy as np
import pytest

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Choice, Float, Int, Space
from rung.core.suggestion import Request
from rung.searchers.quasirandom import BLOCK, QuasiRandom

SPACE = Space({"x": Float(0, 1), "n": Int(1, 8), "kind": Choice({"a": {"y": Float(0, 1)}, "b": {}})})


def suggested(spec, trials, space=SPACE, seed=0):
    live = spec.start(space, (Objective("loss"),), seed)
    view = History(space, 1).view()
    asked = [Request(trial, trial, 1, 1, 0, lambda purpose, n: rng(seed, purpose, n)) for trial in trials]
    return [live.suggest(view, request)[0].config for request in asked]


@pytest.mark.parametrize("spec", [QuasiRandom(), QuasiRandom(design="latin", size=10)])
def test_a_configuration_depends_on_the_seed_and_the_number_of_its_trial_alone(spec):
    walked = suggested(spec, range(2 * BLOCK))
    numbers = [70, 3, BLOCK, 4]
    assert suggested(spec, numbers) == [walked[number] for number in numbers]
    assert suggested(spec, [3], seed=1) != [walked[3]]
    for config in walked:
        SPACE.check(config)


def test_trials_cover_integers_and_choices_evenly():
    configs = suggested(QuasiRandom(), range(64))
    assert np.bincount([config["n"] for config in configs])[1:].tolist() == [8] * 8
    assert sum(config["kind"] == "a" for config in configs) == 32
    in_each_eighth = np.bincount([int(config["x"] * 8) for config in configs])
    assert in_each_eighth.tolist() == [8] * 8


def test_rules_are_kept():
    space = SPACE.where("x * n <= 1", "kind == 'a' or n > 2")
    assert all(space.contains(config) for config in suggested(QuasiRandom(), range(150), space))


@pytest.mark.parametrize("options", [{"design": "grid"}, {"size": 1}, {"size": 2.5}])
def test_wrong_options_are_refused(options):
    with pytest.raises(SpecError, match="must be"):
        QuasiRandom(**options)
