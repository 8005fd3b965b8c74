import numpy as np
import pytest

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.rng import rng
from rung.searchers.curves.options import CurveGP
from searchers.multi_fidelity import SPACE, halved, limit, loss, request, start

CONFIGS = SPACE.sample(27, rng(0, "configs", 0))


def test_it_suggests_better_ones_though_hardly_any_trial_was_trained_to_the_end() -> None:
    found = start(CurveGP(initial=6)).suggest(halved(CONFIGS).view(), request(28, 8))
    models = [each for each in found if each.fitted and each.fitted["model"] == "curve-gp"]
    assert len(models) == 6  # of nine suggestions from 27 on every third is only spread
    drawn = sorted(limit(config) for config in SPACE.sample(200, rng(0, "other", 0)))
    assert np.mean([limit(each.config) for each in models]) < drawn[40]
    assert len({str(each.config) for each in found}) == 8


def test_what_it_expects_is_told_in_the_units_of_the_metric() -> None:
    found = start(CurveGP(initial=6)).suggest(halved(CONFIGS).view(), request(28))[0]
    assert found.fitted is not None
    assert found.fitted["low"] < found.fitted["mean"] < found.fitted["high"]
    assert found.fitted["mean"] == pytest.approx(loss(found.config, 27), abs=0.15)


def test_a_trial_counts_for_more_the_longer_its_curve_is() -> None:
    """Two histories that differ in one long or short curve, which is worse than its neighbours."""
    expected = []
    for length in (1, 27):
        history = History(SPACE, 1)
        for trial in range(18):
            x = trial / 17 if trial < 17 else 0.7
            history.add_trial({"x": x, "y": 0.2, "kind": "b"})
            n = length if trial == 17 else 27
            for r in range(1, n + 1):
                value = loss(history.configs[trial], r) + 0.3 * (trial == 17)
                history.add_observation(trial, r, (value,), {}, 1.0, 0.0)
        (found,) = start(CurveGP(initial=6)).suggest(history.view(), request(19))
        assert found.fitted is not None
        expected.append(found.fitted["low"])
    assert expected[0] < expected[1]


def test_a_fresh_searcher_suggests_the_same_also_of_the_past() -> None:
    history = halved(CONFIGS).view()
    used = start(CurveGP(initial=6))
    used.suggest(halved(CONFIGS[:12]).view(), request(13))
    again = used.suggest(history, request(28))
    assert again == start(CurveGP(initial=6)).suggest(history, request(28))
    assert used.suggest(history, request(28)) == again


def test_trials_that_have_all_diverged_leave_it_with_spread_points() -> None:
    history = History(SPACE, 1)
    for trial, config in enumerate(CONFIGS[:10]):
        history.add_trial(config)
        history.add_observation(trial, 1, (float("inf"),), {}, 1.0, 0.0)
    (found,) = start(CurveGP(initial=6)).suggest(history.view(), request(10))
    SPACE.check(found.config)
    assert found.fitted is not None and found.fitted["rows"] == 0


@pytest.mark.parametrize("options", [{"rows": 10}, {"rows": 1000}, {"initial": 1}])
def test_wrong_options_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(SpecError, match=f"{next(iter(options))} of CurveGP must be"):
        CurveGP(**options)
