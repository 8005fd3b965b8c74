import numpy as np
import pytest

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.objective import Objective
from rung.core.past import Past
from rung.core.space import Config
from rung.core.suggestion import SearcherSpec
from rung.searchers.forest import Forest
from rung.searchers.registry import SEARCHERS
from rung.searchers.transfer.options import RGPE, MultiTaskGP, QuantileTransfer
from searchers.histories import ODD, SPACE, add, filled, past_of, request, start, walk

SPECS = [QuantileTransfer(), RGPE(rows=20), MultiTaskGP(rows=12)]
each_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: type(spec).__name__)


class Related:
    """A task like others: its optimum lies near theirs, its losses on another scale."""

    def __init__(self, number: int) -> None:
        draw = np.random.default_rng(number)
        self.x, self.lr = 0.3 + 0.05 * draw.normal(), -2 + 0.3 * draw.normal()
        self.scale, self.shift = 10 ** draw.uniform(-2, 2), 10 * draw.normal()

    def regret(self, config: Config) -> float:
        off = {"a": 0.5, "b": 0.0, "c": 0.8}[str(config["kind"])]
        return float((config["x"] - self.x) ** 2 + (np.log10(config["lr"]) - self.lr) ** 2 / 9 + off)  # type: ignore[operator]

    def __call__(self, config: Config) -> float:
        return self.shift + self.scale * self.regret(config)


PAST = [past_of(Related(number), 30, number) for number in range(1, 4)]


def best_regret(spec: SearcherSpec, n: int, past: list[Past], seed: int) -> float:
    task = Related(100 + seed)
    history, _ = walk(spec, task, n, seed=seed, past=past)
    return min(task.regret(config) for config in history.configs)


@each_spec
def test_it_beats_a_cold_start_on_related_tasks(spec: SearcherSpec) -> None:
    warm = [best_regret(spec, 5, PAST, seed) for seed in range(3)]
    cold = [best_regret(Forest(trees=4), 5, [], seed) for seed in range(3)]
    assert np.median(warm) < 0.2 and np.median(warm) < np.median(cold) / 2


@each_spec
def test_it_recovers_from_a_past_that_misleads(spec: SearcherSpec) -> None:
    task = Related(100)
    misled = [past_of(lambda config: -task(config), 30, 1)]
    history, _ = walk(spec, task, 22, past=misled)
    regrets = [task.regret(config) for config in history.configs]
    assert min(regrets[12:]) < 0.5 * np.median(regrets[:6])


@each_spec
@pytest.mark.parametrize("outcomes", ODD.values(), ids=ODD)
def test_suggestions_are_valid_whatever_came_before(spec: SearcherSpec, outcomes: list[float | None]) -> None:
    history = filled(outcomes)
    for past in ([], PAST[:1], [past_of(lambda config: 1.0, 5, 0)], [past_of(lambda config: np.inf, 5, 0)]):
        history.past = past
        trial = history.view().n_trials
        for suggestion in start(spec).suggest(history.view(), request(trial, count=2)):
            SPACE.check(suggestion.config)


@each_spec
def test_a_fresh_searcher_suggests_what_one_that_was_there_all_along_does(spec: SearcherSpec) -> None:
    task = Related(100)
    _, made = walk(spec, task, 9, past=PAST[:2])
    again = History(SPACE, 1)
    again.past = PAST[:2]
    for trial, suggestion in enumerate(made):
        if trial in (0, 3, 8):
            assert start(spec).suggest(again.view(), request(trial))[0] == suggestion
        add(again, suggestion, task(suggestion.config))


@each_spec
def test_workers_that_begin_together_begin_at_different_points(spec: SearcherSpec) -> None:
    history = History(SPACE, 1)
    history.past = PAST
    found = start(spec).suggest(history.view(), request(0, count=4))
    assert len({frozenset(each.config.items()) for each in found}) == 4
    assert {(each.fitted or {})["model"] for each in found} == {"thompson sampling"}


@each_spec
def test_they_stay_away_from_what_fails_here_though_it_was_best_elsewhere(spec: SearcherSpec) -> None:
    task = Related(100)
    history, _ = walk(spec, lambda c: None if c["x"] < 0.5 else task(c), 70, past=PAST)  # type: ignore[operator]
    assert np.mean([config["x"] < 0.5 for config in history.configs[40:]]) < 0.1  # type: ignore[operator]


@pytest.mark.parametrize("spec", SPECS)
def test_one_objective_is_needed(spec: SearcherSpec) -> None:
    with pytest.raises(SpecError, match="by one objective, got"):
        spec.start(SPACE, (Objective("a"), Objective("b")), 0)


@pytest.mark.parametrize("tag", ["rgpe", "multi-task-gp"])
def test_too_few_rows_are_refused(tag: str) -> None:
    with pytest.raises(SpecError, match=r"rows of .* must be a whole number of at least 3, got 2\. Use"):
        SEARCHERS.decode({"type": tag, "rows": 2})
