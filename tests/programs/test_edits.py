"""Edits of a space in words: what they give, and what is said of what is no edit."""

from collections.abc import Callable

import pytest

from rung.core.errors import SpecError
from rung.core.parameter import Parameter
from rung.core.space import Choice, Float, Int, Space
from rung.programs.edits import added, frozen, reset

START: dict[str, Parameter] = {
    "lr": Float(1e-4, 1e-1, log=True, default=1e-3),
    "layers": Int(1, 4),
    "kind": Choice(["1", "b"]),
    "opt": Choice({"adam": {"rate": Float(0.8, 0.99)}, "sgd": {"rate": Float(0.0, 0.9), "nesterov": True}}),
}
SPACE = Space(START)
ADAM, SGD = {"rate": Float(0.8, 0.99)}, {"rate": Float(0.0, 0.9), "nesterov": True}


def changed(**parameters: object) -> Space:
    return Space({**START, **parameters})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("edit", "name", "text", "expected"),
    [
        (reset, "lr", "1e-6..1e-1 log", changed(lr=Float(1e-6, 1e-1, log=True, default=1e-3))),
        (
            reset,
            "lr",
            "1..8",
            changed(lr=Float(1.0, 8.0)),
        ),  # stays a Float, and loses a default that does not fit
        (reset, "lr", "0..1 step 0.5 = 0.5", changed(lr=Float(0.0, 1.0, step=0.5, default=0.5))),
        (reset, "kind", "1|b|c", changed(kind=Choice(["1", "b", "c"]))),
        (reset, "opt", "sgd|lion", changed(opt=Choice({"sgd": SGD, "lion": {}}))),
        (
            reset,
            "rate[opt=adam]",
            "0.5..0.99",
            changed(opt=Choice({"adam": {"rate": Float(0.5, 0.99)}, "sgd": SGD})),
        ),
        (added, "dropout", "0..0.5 = 0.1", changed(dropout=Float(0.0, 0.5, default=0.1))),
        (added, "warmup", "3", changed(warmup=3)),
        (added, "eps[opt=adam]", "1e-8", changed(opt=Choice({"adam": {**ADAM, "eps": 1e-8}, "sgd": SGD}))),
        (frozen, "lr", "0.01", changed(lr=0.01)),
        (frozen, "kind", "1", changed(kind="1")),
        (frozen, "opt", "adam", changed(opt=Choice({"adam": ADAM}))),
        (frozen, "nesterov", "false", changed(opt=Choice({"adam": ADAM, "sgd": {**SGD, "nesterov": False}}))),
    ],
)
def test_an_edit_changes_what_it_names_and_nothing_else(
    edit: Callable[[Space, str, str], Space], name: str, text: str, expected: Space
) -> None:
    assert edit(SPACE, name, text) == expected


def test_a_branch_is_added_to_an_option_that_opened_nothing() -> None:
    found = added(Space({"opt": Choice(["a", "b"])}), "x[opt=b]", "0..1.0 = 0.5")
    assert found == Space({"opt": Choice({"a": {}, "b": {"x": Float(0.0, 1.0, default=0.5)}})})
    nested = added(found, "y[opt=b]", "u|v = u")
    assert "z" in repr(added(nested, "z[opt=b, y=v]", "3").parameters["opt"])


@pytest.mark.parametrize(
    ("edit", "name", "text", "saying"),
    [
        (reset, "lrr", "1..2", "lrr is no hyperparameter of this space. Did you mean 'lr'"),
        (reset, "rate", "0..1", r"rate stands in several branches: say which of 'rate\[opt=adam\]'"),
        (reset, "lr", "wide", "is no range"),
        (added, "lr", "0..1 = 0", "lr is there already"),
        (added, "x[opt=lion]", "0..1 = 0", "names no branch"),
        (frozen, "[lr", "1", "is no name of a hyperparameter"),
    ],
)
def test_what_is_no_edit_is_told(
    edit: Callable[[Space, str, str], Space], name: str, text: str, saying: str
) -> None:
    with pytest.raises(SpecError, match=saying):
        edit(SPACE, name, text)
