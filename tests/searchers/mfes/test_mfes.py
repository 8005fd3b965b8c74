import numpy as np
import pytest

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.rng import rng
from rung.searchers.mfes.options import MFES
from searchers.multi_fidelity import SPACE, halved, limit, request, start

CONFIGS = SPACE.sample(27, rng(0, "configs", 0))


def test_it_suggests_near_the_best_and_tells_what_each_level_counts() -> None:
    found = start(MFES(initial=6)).suggest(halved(CONFIGS).view(), request(27, 3))
    drawn = sorted(limit(config) for config in SPACE.sample(200, rng(0, "other", 0)))
    assert np.mean([limit(each.config) for each in found]) < drawn[40]
    assert min(limit(each.config) for each in found) < drawn[6]
    assert len({str(each.config) for each in found}) == 3
    weights = found[0].fitted["weights"] if found[0].fitted else []
    assert len(weights) == 3  # levels 1, 3 and 9; one trial alone at 27 is no level
    assert sum(weights) == pytest.approx(1, abs=0.01)


def test_a_level_that_ranks_trials_in_reverse_counts_nothing() -> None:
    history = History(SPACE, 1)
    for trial, config in enumerate(SPACE.sample(24, rng(0, "x", 0))):
        history.add_trial(config)
        history.add_observation(trial, 1, (-limit(config),), {}, 1.0, 0.0)
        if trial < 16:
            history.add_observation(trial, 3, (limit(config),), {}, 1.0, 0.0)
    found = start(MFES(initial=6)).suggest(history.view(), request(24))
    assert found[0].fitted is not None
    assert found[0].fitted["weights"][1] > 0.95


def test_a_fresh_searcher_suggests_the_same_also_of_the_past() -> None:
    history = halved(CONFIGS).view()
    used = start(MFES(initial=6))
    used.suggest(halved(CONFIGS[:12]).view(), request(12))
    assert used.suggest(history, request(27)) == start(MFES(initial=6)).suggest(history, request(27))


def test_wrong_options_are_refused() -> None:
    with pytest.raises(SpecError, match="initial of MFES must be an integer of at least 2, got 1"):
        MFES(initial=1)
