import cmaes
import numpy as np
import pytest

from rung.core.history import History
from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Int, Space
from rung.core.suggestion import SearcherSpec
from rung.searchers.evolution.cmaes import CMAES, LiveCMAES
from rung.searchers.evolution.distributions import TRIES
from searchers.evolution.world import LINE, ask, live, study, tell, vector


def sphere(config: Config) -> tuple[float]:
    return (float(((vector(config) - 0.7) ** 2).sum()),)


@pytest.mark.parametrize("separable", [False, True])
def test_it_walks_the_way_that_the_own_loop_of_cmaes_walks(separable: bool) -> None:
    bounds = np.tile([0.0, 1.0], (5, 1))
    maker = cmaes.SepCMA if separable else cmaes.CMA
    theirs = maker(np.full(5, 0.5), 0.2, bounds=bounds, n_max_resampling=TRIES)
    walked = []
    for generation in range(25):
        solutions = []
        for _ in range(theirs.population_size):
            theirs.reseed_rng(int(rng(0, "cma-es", len(walked)).integers(2**32)))
            x = theirs.ask()
            walked.append(x)
            solutions.append((x, float(((10 * x - 5.7) ** 2).sum())))
        theirs.tell(solutions)
        assert generation < 3 or theirs._sigma > 0
    ours = study(CMAES(separable=separable), LINE, sphere, len(walked)).view().encoded
    np.testing.assert_allclose(ours, walked, atol=1e-6)


def test_results_that_come_late_and_out_of_order_hold_nobody_up() -> None:
    searcher, history, waiting = live(CMAES(), LINE), History(LINE, 1), []
    losses = []
    for trial in range(240):
        config = ask(searcher, history)[0].config
        history.add_trial(config)
        waiting.append((trial, config))
        if len(waiting) > 12:
            late, tried = waiting.pop(trial * 7 % len(waiting))
            losses.append(sphere(tried)[0])
            history.add_observation(late, 1, sphere(tried), {}, 1.0, 1.0)
    assert min(losses[-40:]) < 0.05 * min(losses[:20])


def test_integers_and_choices_do_not_freeze() -> None:
    space = Space(
        {
            "x": Float(-5, 5),
            "n": Int(0, 20),
            "m": Int(0, 20),
            "kind": Choice(["a", "b", "c", "d"]),
            "on": Choice([1, 2]),
        }
    )

    def f(config: Config) -> tuple[float]:
        x, n, m = (float(config[name]) for name in ("x", "n", "m"))  # type: ignore[arg-type]
        return ((x - 1) ** 2 + 0.1 * (n - 17) ** 2 + 0.1 * (m - 2) ** 2 + 3 * (config["kind"] != "c"),)

    bests = [study(CMAES(), space, f, 200, seed=seed).view().losses.min() for seed in range(2)]
    assert max(bests) < 0.2


def test_a_hyperparameter_that_is_mostly_inactive_keeps_its_spread() -> None:
    space = Space({"x": Float(0, 1), "kind": Choice({"a": {"y": Float(0, 1)}, "b": {}})})
    history = study(
        CMAES(), space, lambda config: (abs(float(config["x"]) - 0.3) + (config["kind"] == "a"),), 150
    )  # type: ignore[arg-type]
    ys = [float(config["y"]) for config in history.configs[50:] if "y" in config]  # type: ignore[arg-type]
    assert len(ys) >= 3
    assert np.std(ys) > 0.05


@pytest.mark.parametrize("restarts", ["ipop", "bipop"])
def test_it_begins_elsewhere_when_it_has_found_an_optimum(restarts: str) -> None:
    space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
    searcher = live(CMAES(restarts=restarts), space)  # type: ignore[arg-type]
    history = History(space, 1)
    seen = set()
    for _ in range(400):
        suggestion = ask(searcher, history)[0]
        assert suggestion.fitted is not None
        seen.add(suggestion.fitted["restart"])
        x, y = vector(suggestion.config)
        tell(history, suggestion.config, ((x - 0.2) ** 2 + (y - 0.6) ** 2,))
    assert isinstance(searcher, LiveCMAES)
    assert seen >= {0, 1}
    sizes = {run.distribution.population for run in searcher._runs.values() if run.distribution is not None}
    assert sizes != {6}


def test_a_warm_start_begins_where_earlier_trials_were_good() -> None:
    def corner(config: Config) -> tuple[float]:
        return (float(((vector(config) - 3.0) ** 2).sum()),)

    def begins(spec: SearcherSpec, seed: int) -> float:
        return corner(ask(live(spec, LINE, seed=seed), history, seed=seed)[0].config)[0]

    history = History(LINE, 1)
    for x in np.random.default_rng(0).uniform(-5, 5, (60, 5)).round(6).tolist():
        config = dict(zip(LINE.parameters, x, strict=True))
        tell(history, config, corner(config))
    warm = np.mean([begins(CMAES(initial=60), seed) for seed in range(20)])
    assert warm < 0.6 * np.mean([begins(CMAES(population=100), seed) for seed in range(20)])


def test_a_trial_counts_once_with_what_is_known_of_it_when_its_generation_is_full() -> None:
    histories = [History(LINE, 1), History(LINE, 1)]
    for history, first in zip(histories, (9.0, -9.0), strict=True):
        searcher = live(CMAES(population=4), LINE)
        for trial in range(4):
            history.add_trial(ask(searcher, history)[0].config)
            history.add_observation(trial, 1, (first if trial == 0 else float(trial),), {}, 1.0, 1.0)
            if trial == 2:
                history.add_observation(
                    0, 3, (5.0,), {}, 1.0, 1.0
                )  # it got further, so it is the best in both
    one, other = (ask(live(CMAES(population=4), LINE), history)[0].config for history in histories)
    assert one == other
    histories[0].add_observation(1, 9, (-99.0,), {}, 1.0, 1.0)  # too late for its generation
    assert ask(live(CMAES(population=4), LINE), histories[0])[0].config == one


@pytest.mark.parametrize("spec", [CMAES(), CMAES(initial=10)])
def test_the_log_says_what_a_suggestion_came_from(spec: SearcherSpec) -> None:
    history = study(spec, LINE, sphere, 30)
    fitted = ask(live(spec, LINE), history)[0].fitted
    assert fitted is not None
    assert fitted["model"] == "cma-es"
    assert fitted["generation"] >= 2
    assert 0 < fitted["step"] < 0.5
