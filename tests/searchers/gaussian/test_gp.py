"""The Gaussian process searcher: valid whatever the history, the same to the bit, and better than chance."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rung
from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Config, Space
from rung.core.suggestion import Request, Suggestion
from rung.searchers.gaussian.live import LiveGP
from rung.searchers.gaussian.options import GP

MIXED = rung.Space(
    lr=rung.Float(1e-5, 1e-1, log=True),
    layers=rung.Int(1, 4),
    width=rung.Int(8, 512, log=True),
    batch=rung.Choice([16, 32, 64], ordered=True),
    optimizer=rung.Choice(
        {"adam": {"beta": rung.Float(0.8, 0.99)}, "sgd": {"kind": rung.Choice(["a", "b"])}}
    ),
).where("batch * layers <= 128")
SQUARE = rung.Space(x=rung.Float(0.0, 1.0), y=rung.Float(0.0, 1.0))
LOSS = (Objective("loss"),)


def live(space: Space, seed: int = 0, objectives: tuple[Objective, ...] = LOSS, **options: Any) -> LiveGP:
    return GP(**options).start(space, objectives, seed)


def ask(searcher: LiveGP, history: History, *, count: int = 1, seed: int = 0) -> Sequence[Suggestion]:
    n = history.view().n_trials
    return searcher.suggest(history.view(), Request(n, n, count, 1, 0, partial(rng, seed)))


def observe(history: History, config: Config, *losses: float, violations: tuple[float, ...] = ()) -> None:
    trial = history.view().n_trials
    history.add_trial(config)
    history.add_observation(trial, 1, losses, {}, 1.0, float(trial), violations)


def filled(space: Space, losses: Sequence[float], seed: int = 0) -> History:
    history = History(space, 1)
    for config, loss in zip(space.sample(len(losses), np.random.default_rng(seed)), losses, strict=True):
        observe(history, config, loss)
    return history


def searched(space: Space, loss: Callable[[Config], float], n: int, **options: Any) -> History:
    history, searcher = History(space, 1), live(space, **options)
    for _ in range(n):
        config = ask(searcher, history)[0].config
        observe(history, config, loss(config))
    return history


def bowl(config: Config) -> float:
    return (float(config["x"]) - 0.7) ** 2 + (float(config["y"]) - 0.2) ** 2  # type: ignore[arg-type]  # numbers


LOSSES = st.one_of(
    st.lists(st.floats(allow_nan=False), max_size=9),
    st.lists(st.sampled_from([math.inf, 0.0, 1.0, 1e300, -1e300, 5e-324]), max_size=9),
    st.integers(0, 9).map(lambda n: [0.25] * n),
    st.integers(0, 9).map(lambda n: [math.inf] * n),
)


@settings(max_examples=15, deadline=None)
@given(
    losses=LOSSES,
    failures=st.sets(st.integers(0, 11), max_size=4),
    acquisition=st.sampled_from(["log_ei", "ei", "pi", "ucb", "thompson"]),
    constrained=st.booleans(),
)
def test_every_suggestion_is_valid_whatever_the_history(
    losses: list[float], failures: set[int], acquisition: str, constrained: bool
) -> None:
    history = History(MIXED, 1, int(constrained))
    for n, config in enumerate(MIXED.sample(len(losses) + 3, np.random.default_rng(len(losses)))):
        if n < len(losses):
            observe(history, config, losses[n], violations=(float(n % 2),) * constrained)
        else:
            history.add_trial(config)
            history.pending[n] = 1
        if n in failures:
            history.add_failure(n, 3)
    searcher = live(MIXED, acquisition=acquisition, initial=1, cost_weight=0.5)
    for suggestion in ask(searcher, history, count=2):
        MIXED.check(suggestion.config)
        numbers = [value for value in (suggestion.fitted or {}).values() if not isinstance(value, str)]
        assert np.isfinite(numbers).all()


def test_a_searcher_that_lived_through_a_study_suggests_what_a_fresh_one_does() -> None:
    lived, history = live(MIXED, initial=3), History(MIXED, 1)
    losses = np.random.default_rng(0).random(26)
    for n, loss in enumerate(losses.tolist()):
        (found,) = ask(lived, history)
        if n in (4, 12, 25):
            assert ask(live(MIXED, initial=3), history) == [found]
        observe(history, found.config, loss)
    past = filled(MIXED, [0.1, 0.5, 0.2, 0.7, 0.3])
    assert ask(lived, past) == ask(live(MIXED, initial=3), past)


def test_it_finds_the_bottom_of_a_bowl() -> None:
    losses = searched(SQUARE, bowl, 22).view().losses
    assert losses[:6].min() > 1e-3
    assert losses.min() < 1e-5


@pytest.mark.parametrize("acquisition", ["ei", "pi", "ucb", "thompson"])
def test_so_do_the_other_acquisitions(acquisition: str) -> None:
    assert searched(SQUARE, bowl, 20, acquisition=acquisition).view().losses.min() < 1e-2


def test_a_choice_with_its_own_hyperparameters_is_learned() -> None:
    space = rung.Space(
        kind=rung.Choice({"a": {"u": rung.Float(0, 1)}, "b": {"v": rung.Float(0, 1)}, "c": {}})
    )

    def loss(config: Config) -> float:
        return {"a": 1.0, "b": 0.0, "c": 0.5}[str(config["kind"])] + (float(config.get("v", 0.0)) - 0.3) ** 2  # type: ignore[arg-type]

    history = searched(space, loss, 20)
    late = history.configs[12:]
    assert sum(config["kind"] == "b" for config in late) >= 6
    assert history.view().losses.min() < 1e-3


def test_the_suggestions_of_a_batch_and_beside_pending_trials_differ() -> None:
    history = searched(SQUARE, bowl, 10)
    batch = [suggestion.config for suggestion in ask(live(SQUARE), history, count=6)]
    for number, config in enumerate(batch):
        history.add_trial(config)
        history.pending[10 + number] = 1
    batch += [suggestion.config for suggestion in ask(live(SQUARE), history, count=2)]
    points = SQUARE.encode(batch)
    apart = np.linalg.norm(points[:, None] - points, axis=2)[np.triu_indices(8, 1)]
    assert apart.min() > 1e-3


@pytest.mark.parametrize("bottom", [0.7, 0.3])
def test_half_of_the_space_that_fails_is_avoided_after_40_trials(bottom: float) -> None:
    """Also where the model of the loss expects its bottom in the half that fails."""
    fails = np.array([_fails(bottom, seed) for seed in range(3)])
    assert fails[:, :10].mean() > 0.2
    assert fails[:, 40:].mean() < 0.1


def _fails(bottom: float, seed: int) -> list[bool]:
    """Which of 65 trials fail, where those on the left do."""
    history, searcher = History(SQUARE, 1), live(SQUARE, seed)
    fails: list[bool] = []
    for n in range(65):
        config = ask(searcher, history, seed=seed)[0].config
        fails.append(float(config["x"]) < 0.5)  # type: ignore[arg-type]  # a number
        if fails[-1]:
            history.add_trial(config)
            history.add_failure(n, 1)
        else:
            observe(history, config, (config["x"] - bottom) ** 2 + (config["y"] - 0.2) ** 2)  # type: ignore[operator]  # numbers
    return fails


def test_constraints_are_kept_once_they_are_known() -> None:
    history, searcher = History(SQUARE, 1, 1), live(SQUARE)
    for _ in range(30):
        config = ask(searcher, history)[0].config
        over = max(float(config["x"]) + float(config["y"]) - 0.6, 0.0)  # type: ignore[arg-type]  # numbers
        observe(history, config, bowl(config), violations=(over,))
    view = history.view()
    kept = view.violations[:, 0] == 0
    assert kept[15:].mean() >= 0.4
    best = (0.7 - 0.55) ** 2 + (0.2 - 0.05) ** 2  # where the limit is nearest to the bottom
    assert view.losses[kept].min() < best + 0.02


def test_only_losses_at_the_same_resource_are_compared() -> None:
    """Resource 9 has enough trials; at resource 1 the lowest losses lie elsewhere, and there are more of them."""
    history = History(SQUARE, 1)
    for n, config in enumerate(SQUARE.sample(40, np.random.default_rng(1))):
        history.add_trial(config)
        x = float(config["x"])  # type: ignore[arg-type]  # a number
        history.add_observation(n, 1, (-100.0 * (x < 0.3) + n % 3,), {}, 1.0, n)
        if n < 12:
            history.add_observation(n, 9, (bowl(config),), {}, 1.0, n)
    (found,) = ask(live(SQUARE), history)
    assert found.config["x"] > 0.45  # type: ignore[operator]  # a number
    assert abs(found.fitted["mean"]) < 1  # type: ignore[index]  # told of by the model


def test_several_objectives_are_weighted_anew_each_time() -> None:
    two = (Objective("a"), Objective("b"))
    history, searcher = History(SQUARE, 2), live(SQUARE, objectives=two)
    for _ in range(24):
        config = ask(searcher, history)[0].config
        x, y = float(config["x"]), float(config["y"])  # type: ignore[arg-type]  # numbers
        observe(history, config, x**2 + y**2, (x - 1) ** 2 + y**2)
    late = SQUARE.encode(history.configs[12:])
    assert np.median(late[:, 1]) < 0.1, "the front is where y is 0"
    assert np.ptp(late[:, 0]) > 0.4, "from x = 0 to x = 1"


def test_beliefs_lead_at_first_and_yield_to_evidence() -> None:
    space = rung.Space(x=rung.Float(0, 1, prior=rung.Near(0.1, spread=0.15)), y=rung.Float(0.0, 1.0))
    history = filled(space, [0.5, 0.5001, 0.4999, 0.5, 0.5, 0.5])
    assert ask(live(space), history)[0].config["x"] < 0.35  # type: ignore[operator]  # a number
    assert searched(space, bowl, 30).view().losses.min() < 1e-3


def test_improvement_per_second_prefers_what_is_cheap() -> None:
    def share(weight: float) -> float:
        history, searcher = History(SQUARE, 1), live(SQUARE, cost_weight=weight)
        for n in range(18):
            config = ask(searcher, history)[0].config
            x = float(config["x"])  # type: ignore[arg-type]  # a number
            history.add_trial(config)
            history.add_observation(n, 1, (float(np.sin(9 * float(config["y"]))),), {}, math.exp(4 * x), n)  # type: ignore[arg-type]
        return float(np.mean([config["x"] for config in history.configs[6:]]))  # type: ignore[misc]  # numbers

    assert share(1.0) < share(0.0) - 0.1


def test_many_observations_make_a_local_model_that_still_suggests_and_improves() -> None:
    history = History(SQUARE, 1)
    for config in SQUARE.sample(620, np.random.default_rng(0)):
        observe(history, config, bowl(config))
    before = history.view().losses.min()
    searcher = live(SQUARE)
    for _ in range(4):
        (found,) = ask(searcher, history)
        assert found.fitted is not None
        assert found.fitted["rows"] == 500
        observe(history, found.config, bowl(found.config))
    assert history.view().losses.min() < before


@pytest.mark.parametrize(
    "options",
    [
        {"acquisition": "best"},
        {"kernel": "cubic"},
        {"initial": 0},
        {"cost_weight": -1.0},
        {"prior_weight": math.nan},
    ],
)
def test_options_that_make_no_sense_are_refused_in_a_sentence(options: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=f"{next(iter(options))} of a GP must be"):
        GP(**options)
