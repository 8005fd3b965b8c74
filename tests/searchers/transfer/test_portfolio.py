import numpy as np
import pytest

from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.objective import Objective
from rung.core.space import Choice, Config, Float, Space
from rung.searchers.random import RandomSearch
from rung.searchers.registry import SEARCHERS
from rung.searchers.transfer.portfolio import Portfolio
from searchers.histories import past_of, request, start, walk

SPACE = Space(x=Float(0, 1), kind=Choice(["a", "b", "c"]))
SPEC = Portfolio(size=4, then=RandomSearch())


def around(x: float, kind: str, scale: float) -> object:
    def f(config: Config) -> float:
        return scale * (abs(float(config["x"]) - x) + (config["kind"] != kind))  # type: ignore[arg-type]

    return f


PAST = [
    past_of(around(0.2, "a", 1.0), 60, 1, SPACE),  # type: ignore[arg-type]
    past_of(around(0.2, "a", 1e6), 60, 2, SPACE),  # type: ignore[arg-type]
    past_of(around(0.9, "c", 1e-3), 60, 3, SPACE),  # type: ignore[arg-type]
]


def test_each_kind_of_earlier_task_has_its_configuration_whatever_its_scale() -> None:
    _, made = walk(SPEC, lambda config: 1.0, 6, space=SPACE, past=PAST)
    models = [(each.fitted or {}).get("model") for each in made]
    n = models.count("portfolio")
    assert 2 <= n <= 4 and models[:n] == ["portfolio"] * n
    first, second = made[0].config, made[1].config
    assert (first["kind"], second["kind"]) == ("a", "c")
    assert abs(float(first["x"]) - 0.2) < 0.1 and abs(float(second["x"]) - 0.9) < 0.1  # type: ignore[arg-type]


def test_without_a_past_the_other_searcher_begins() -> None:
    plain, _ = walk(SPEC, lambda config: 1.0, 3, space=SPACE)
    random, _ = walk(RandomSearch(), lambda config: 1.0, 3, space=SPACE)
    assert plain.configs == random.configs


def test_several_at_once_are_the_same_as_one_after_the_other() -> None:
    history = History(SPACE, 1)
    history.past = PAST
    together = start(SPEC, SPACE).suggest(history.view(), request(0, count=7))
    _, one_by_one = walk(SPEC, lambda config: 1.0, 7, space=SPACE, past=PAST)
    assert [each.config for each in together] == [each.config for each in one_by_one]


def test_it_reads_as_it_was_written() -> None:
    found = SEARCHERS.decode({"type": "portfolio", "size": 3, "then": {"type": "random"}})
    assert isinstance(found, Portfolio) and found.searcher == RandomSearch()
    assert not found.tries_defaults


def test_what_is_wrong_is_said_in_a_sentence() -> None:
    with pytest.raises(SpecError, match=r"size of Portfolio must be .* got 0\. Use 8"):
        Portfolio(size=0)
    with pytest.raises(SpecError, match="Portfolio holds searchers such as"):
        Portfolio(then="tpe")
    with pytest.raises(SpecError, match="by one objective, got"):
        Portfolio().start(SPACE, (Objective("a"), Objective("b")), 0)


def test_what_failed_in_the_past_is_not_in_the_portfolio() -> None:
    past = past_of(lambda config: np.inf if config["kind"] == "a" else float(config["x"]), 30, 0, SPACE)  # type: ignore[arg-type]
    history, _ = walk(Portfolio(size=2, then=RandomSearch()), lambda config: 1.0, 1, space=SPACE, past=[past])
    assert history.configs[0]["kind"] != "a"
