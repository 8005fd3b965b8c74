import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Int, Space
from rung.core.suggestion import Request, Suggestion
from rung.searchers.tpe.options import TPE

TREE = Space(
    lr=Float(1e-4, 1.0, log=True),
    n=Int(1, 9),
    kind=Choice({"a": {"x": Float(0, 1)}, "b": {"y": Float(0, 1), "z": Choice([1, 2, 3])}}),
)
SQUARE = Space(x=Float(0, 1), y=Float(0, 1))


def ask(spec: TPE, space: Space, history: History, count: int = 1, seed: int = 0) -> Sequence[Suggestion]:
    live = spec.start(space, (Objective("loss"),), seed)
    n = history.view().n_trials
    return live.suggest(history.view(), Request(n, n, count, 1, 0, lambda purpose, k: rng(seed, purpose, k)))


def study(space: Space, losses: Sequence[Sequence[float]], resources: Sequence[int] = ()) -> History:
    """Random trials with losses, each observed at its resource, all of them at 1 if none is given."""
    history = History(space, len(losses[0]) if losses else 1)
    configs = space.sample(len(losses), np.random.default_rng(5))
    for number, (config, loss) in enumerate(zip(configs, losses, strict=True)):
        history.add_trial(config)
        resource = resources[number] if resources else 1
        history.add_observation(number, resource, tuple(loss), {"loss": loss[0]}, 1.0, 0.0)
    return history


def tell(history: History, config: Config, loss: float, violations: tuple[float, ...] = ()) -> None:
    number = history.view().n_trials
    history.add_trial(config)
    if math.isfinite(loss):
        history.add_observation(number, 1, (loss,), {"loss": loss}, 1.0, 0.0, violations)
    else:
        history.add_failure(number, 1)


LOSS = st.sampled_from([0.0, 0.0, 1.0, -1.0, 1e-300, -1e300, 1e300, math.inf, 0.3, 0.2, 0.1])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(LOSS, st.integers(1, 9), st.booleans()), max_size=25),
    st.integers(1, 4),
    st.integers(1, 2),
)
def test_every_suggestion_is_valid_whatever_the_history(
    rows: list[tuple[float, int, bool]], count: int, k: int
) -> None:
    space = TREE.where("n * lr <= 4")
    history = study(space, [(loss,) * k for loss, _, _ in rows], [resource for _, resource, _ in rows])
    for number, (_, resource, fails) in enumerate(rows):
        if fails:
            history.add_failure(number, resource + 1)
        elif number % 3 == 0:
            history.pending[number] = resource + 2
    found = ask(TPE(initial=1), space, history, count)
    assert len(found) == count
    for suggestion in found:
        space.check(suggestion.config)


def test_it_is_a_pure_function_of_the_history() -> None:
    loss = np.random.default_rng(0).normal(size=(60, 1))
    history = study(TREE, loss.tolist())
    live = TPE().start(TREE, (Objective("loss"),), 3)
    views = [history.view()]
    for _ in range(5):
        history.add_trial(TREE.sample(1, np.random.default_rng(history.view().n_trials))[0])
        number = history.view().n_trials - 1
        history.add_observation(number, 1, (float(number % 7),), {"loss": 0.0}, 1.0, 0.0)
        views.append(history.view())

    def suggested(searcher: object, view: object) -> Sequence[Suggestion]:
        n = view.n_trials  # type: ignore[attr-defined]
        return searcher.suggest(view, Request(n, n, 3, 1, 0, lambda p, k: rng(3, p, k)))  # type: ignore[attr-defined,no-any-return]

    lived = [suggested(live, view) for view in views]
    past = [suggested(live, view) for view in reversed(views)]
    fresh = [suggested(TPE().start(TREE, (Objective("loss"),), 3), view) for view in views]
    assert lived == past[::-1] == fresh


def test_it_finds_the_minimum_of_a_bowl_far_better_than_chance() -> None:
    regrets = []
    for seed in range(3):
        history = History(SQUARE, 1)
        best = math.inf
        for _ in range(60):
            config = ask(TPE(), SQUARE, history, seed=seed)[0].config
            loss = (config["x"] - 0.3) ** 2 + (config["y"] - 0.7) ** 2  # type: ignore[operator]
            best = min(best, loss)
            tell(history, config, loss)
        regrets.append(best)
    assert np.median(regrets) < 5e-4  # of 60 random points the best has 0.005


def test_half_of_the_space_that_fails_is_left() -> None:
    history, proposals = History(SQUARE, 1), []
    for number in range(80):
        config = ask(TPE(), SQUARE, history)[0].config
        fails = config["x"] > 0.5  # type: ignore[operator]
        tell(history, config, math.inf if fails else abs(config["x"] - 0.45) + abs(config["y"] - 0.5))  # type: ignore[operator]
        proposals += [fails] * (number >= 40)
    assert np.mean(proposals) < 0.1


def test_when_everything_failed_it_looks_elsewhere() -> None:
    history = History(SQUARE, 1)
    for u in np.linspace(0.02, 0.4, 20):
        tell(history, {"x": float(u), "y": 0.5}, math.inf)
    xs = [suggestion.config["x"] for suggestion in ask(TPE(), SQUARE, history, 10)]
    assert np.mean([x > 0.45 for x in xs]) >= 0.8  # type: ignore[operator]


def test_limits_come_before_losses() -> None:
    history = History(SQUARE, 1, 1)
    for _ in range(50):
        config = ask(TPE(), SQUARE, history)[0].config
        tell(history, config, config["x"], (max(0.0, 0.6 - config["x"]),))  # type: ignore[operator,arg-type]
    last = np.array([config["x"] for config in history.configs[-20:]], float)
    assert np.median(np.abs(last - 0.6)) < 0.1  # the best that keeps the limit lies on it
    assert np.mean(last < 0.4) <= 0.2


def test_the_front_of_two_objectives_is_covered() -> None:
    history = History(SQUARE, 2)
    for _ in range(80):
        config = ask(TPE(), SQUARE, history)[0].config
        x, y = float(config["x"]), float(config["y"])  # type: ignore[arg-type]
        number = history.view().n_trials
        history.add_trial(config)
        history.add_observation(number, 1, (x + y, 1 - x + y), {"loss": 0.0}, 1.0, 0.0)
    x, y = np.array([[config["x"], config["y"]] for config in history.configs[40:]], float).T
    assert np.median(y) < 0.15  # the front is y = 0, and all of it
    assert x.min() < 0.2 and x.max() > 0.8


def test_half_of_the_suggestions_are_only_spread_where_trials_are_stopped_early_and_none_elsewhere() -> None:
    losses = [[float(u)] for u in np.random.default_rng(1).random(41)]
    history = study(SQUARE, losses, [9 if number % 3 == 0 else 1 for number in range(41)])
    models = [(suggestion.fitted or {})["model"] for suggestion in ask(TPE(), SQUARE, history, 8)]
    assert models == ["sobol", "tpe"] * 4
    complete = study(SQUARE, losses)
    assert ask(TPE(random=0.9), SQUARE, complete, 8) == ask(TPE(random=0.0), SQUARE, complete, 8)


def test_a_batch_and_what_is_pending_do_not_collapse() -> None:
    losses = [[float(u)] for u in np.random.default_rng(1).random(40)]
    history = study(SQUARE, losses)
    nearest, typical = [], []
    for seed in (4, 3, 2, 1, 0):
        batch = [(s.config["x"], s.config["y"]) for s in ask(TPE(), SQUARE, history, 8, seed=seed)]
        points = np.array(batch, float)
        apart = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(8, 1)]
        nearest.append(apart.min())
        typical.append(np.median(apart))
    assert min(nearest) > 0.002 and np.median(nearest) > 0.01
    assert min(typical) > 0.1
    for config in (s.config for s in ask(TPE(), SQUARE, history, 8)):
        number = history.view().n_trials
        history.add_trial(config)
        history.pending[number] = 1
    again = np.array([(s.config["x"], s.config["y"]) for s in ask(TPE(), SQUARE, history, 4)], float)
    assert np.linalg.norm(again[:, None] - points[None], axis=2).min() > 0.001


def test_no_configuration_of_a_finite_space_comes_twice_before_all_came() -> None:
    space = Space(a=Choice(["p", "q", "r"]), n=Int(1, 4))
    history = History(space, 1)
    for number in range(12):
        config = ask(TPE(initial=4), space, history)[0].config
        if number >= 4:
            assert config not in history.configs
        tell(history, config, float(config["n"]))  # type: ignore[arg-type]
    space.check(ask(TPE(initial=4), space, history)[0].config)


def test_a_belief_leads_at_first_and_fades() -> None:
    believing = Space(x=Float(0, 1, prior=0.9), y=Float(0, 1))

    def xs(n: int) -> float:
        history = History(believing, 1)
        for u in np.random.default_rng(2).random((n, 2)):
            x, y = u.tolist()
            tell(history, {"x": x, "y": y}, (x - 0.2) ** 2)
        return float(np.median([s.config["x"] for s in ask(TPE(initial=1), believing, history, 15)]))

    assert xs(2) > 0.6
    assert abs(xs(150) - 0.2) < 0.15


@pytest.mark.parametrize(
    ("options", "words"),
    [({"initial": 0}, "initial"), ({"good": 1.5}, "good"), ({"candidates": True}, "candidates")],
)
def test_wrong_options_are_refused_with_a_sentence(options: dict[str, int], words: str) -> None:
    with pytest.raises(SpecError, match=f"^{words} of TPE must be"):
        TPE(**options)
