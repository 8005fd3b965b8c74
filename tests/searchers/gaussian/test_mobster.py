import numpy as np
import pytest

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.rng import rng
from rung.models.gp import fit
from rung.models.warp import fit_warp
from rung.searchers.gaussian.levels import DOUBLINGS, AllLevels
from rung.searchers.gaussian.mobster import MOBSTER
from rung.searchers.gaussian.rows import dimensions
from searchers.multi_fidelity import SPACE, halved, limit, loss, request, start

CONFIGS = SPACE.sample(27, rng(0, "configs", 0))


def test_the_rows_of_a_trial_are_those_of_its_rungs() -> None:
    rows = AllLevels(300).rows(halved(CONFIGS).view(), 5)
    assert rows is not None
    resources = np.round(2 ** (rows.points[:, -1] * DOUBLINGS)).astype(int)
    assert {n: int((resources == n).sum()) for n in (1, 3, 9, 27)} == {1: 27, 3: 9, 9: 3, 27: 1}
    assert len(rows) == 40
    assert rows.resource == 27


def test_of_too_many_rows_the_highest_and_the_latest_are_kept() -> None:
    rows = AllLevels(20).rows(halved(CONFIGS).view(), 5)
    assert rows is not None and 14 <= len(rows) <= 20
    resources = np.round(2 ** (rows.points[:, -1] * DOUBLINGS)).astype(int)
    assert (resources >= 9).sum() == 4
    assert (np.diff(rows.trials[resources == 1]) > 0).all()


def test_of_too_many_rows_nothing_changes_but_at_few_moments() -> None:
    """What is fitted to the first rows holds while others only follow."""
    history, changes, before = History(SPACE, 1), 0, np.zeros((0, 4))
    for trial, config in enumerate(SPACE.sample(120, rng(0, "many", 0))):
        history.add_trial(config)
        history.add_observation(trial, 1, (loss(config, 1),), {}, 1.0, 0.0)
        rows = AllLevels(30).rows(history.view(), 5)
        if rows is not None:
            assert len(rows) <= 30
            changes += not np.array_equal(rows.points[: len(before)], before)
            before = rows.points
    assert changes == 9  # from 30 on, with every tenth


def test_the_model_knows_what_a_trial_that_stopped_early_would_reach() -> None:
    levels = AllLevels(300)
    rows = levels.rows(halved(SPACE.sample(54, rng(0, "more", 0))).view(), 5)
    assert rows is not None
    warp = fit_warp(rows.losses[:, 0])
    gp = fit(rows.points, warp(rows.losses[:, 0]), levels.kernel(dimensions(SPACE), "matern52"))
    new = SPACE.sample(40, rng(0, "new", 0))
    expected = warp.inverse(gp.predict(levels.asked(SPACE.encode(new), rows))[0])
    truth = np.array([loss(config, 27) for config in new])
    assert np.corrcoef(expected, truth)[0, 1] > 0.9
    between = np.column_stack([SPACE.encode(new), np.full(40, np.log2(5) / DOUBLINGS)])
    assert (warp.inverse(gp.predict(between)[0]) > expected - 0.02).mean() > 0.8


def test_it_suggests_near_the_best_though_hardly_any_trial_was_trained_to_the_end() -> None:
    found = start(MOBSTER(initial=6)).suggest(halved(CONFIGS).view(), request(27, 3))
    drawn = sorted(limit(config) for config in SPACE.sample(200, rng(0, "other", 0)))
    assert np.mean([limit(each.config) for each in found]) < drawn[40]
    assert min(limit(each.config) for each in found) < drawn[6]
    assert len({str(each.config) for each in found}) == 3


def test_a_fresh_searcher_suggests_the_same_also_of_the_past() -> None:
    history = halved(CONFIGS).view()
    used = start(MOBSTER(initial=6))
    used.suggest(halved(CONFIGS[:12]).view(), request(12))
    again = used.suggest(history, request(27))
    assert again == start(MOBSTER(initial=6)).suggest(history, request(27))


@pytest.mark.parametrize("options", [{"rows": 10}, {"rows": 1000}, {"initial": 0}, {"prior_weight": -1}])
def test_wrong_options_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(SpecError, match=f"{next(iter(options))} of MOBSTER must be"):
        MOBSTER(**options)
