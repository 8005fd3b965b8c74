import numpy as np
import pytest

from rung.core.history import History, HistoryView
from rung.core.space import Float, Space

SPACE = Space({"x": Float(0.0, 1.0)})


def everything(view: HistoryView) -> tuple[object, ...]:
    return (
        list(view.configs),
        view.encoded.tolist(),
        view.trials.tolist(),
        view.resources.tolist(),
        view.losses.tolist(),
        view.seconds.tolist(),
        list(view.metrics),
        view.failed.tolist(),
        dict(view.pending),
    )


def grown(history: History, n: int) -> None:
    first = len(history.configs)
    for trial in range(first, first + n):
        history.add_trial({"x": trial / 1000})
        history.add_observation(trial, 1 + trial % 3, (trial / 2,), {"loss": trial / 2}, 1.0, 0.5 * trial)
        if trial % 5 == 0:
            history.add_failure(trial, 9)
        history.pending[trial] = 9


def test_a_view_does_not_change_while_the_history_grows() -> None:
    history = History(SPACE, 1)
    kept: list[tuple[HistoryView, tuple[object, ...]]] = []
    for n in (0, 1, 15, 1, 200, 3):
        grown(history, n)
        view = history.view()
        kept.append((view, everything(view)))
        for old, what in kept:
            assert everything(old) == what
    assert [view.n_trials for view, _ in kept] == [0, 1, 16, 17, 217, 220]


def test_arrays_of_a_view_that_is_read_late_hold_only_what_was_known_then() -> None:
    history = History(SPACE, 1)
    grown(history, 3)
    view = history.view()
    grown(history, 500)
    assert (view.trials.tolist(), view.encoded.shape) == ([0, 1, 2], (3, 1))
    assert (len(view.configs), len(view.metrics), view.failed.tolist()) == (3, 3, [[0, 9]])


def test_nobody_can_write_into_a_view() -> None:
    history = History(SPACE, 1)
    grown(history, 3)
    for array in (history.view().losses, history.view().trials, history.view().encoded):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_observations_of_a_level_are_found_in_their_order() -> None:
    history = History(SPACE, 1)
    grown(history, 7)
    trials, losses = history.view().at(2)
    assert (trials.tolist(), losses.tolist()) == ([1, 4], [[0.5], [2.0]])


def test_a_configuration_outside_the_present_space_is_a_row_of_nan() -> None:
    history = History(SPACE, 1)
    history.add_trial({"x": 0.9})
    history.add_trial({"x": 0.1})
    assert history.view().encoded.tolist() == [[0.9], [0.1]]
    history.change_space(Space({"x": Float(0.0, 0.2)}))
    assert np.isnan(history.view().encoded[0, 0])
    assert history.view().encoded[1, 0] == 0.5
