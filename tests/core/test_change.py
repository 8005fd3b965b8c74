"""Spaces that change: what is refused, and what random sequences of changes leave of configurations and histories."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.folding import Notes, created
from rung.core import event as ev
from rung.core.change import refusal
from rung.core.errors import MismatchError
from rung.core.history import HistoryView
from rung.core.objective import Objective
from rung.core.parameter import Constant, Parameter
from rung.core.resource import Steps
from rung.core.space import Choice, Config, Float, Int, Space
from rung.core.state import State
from rung.spec import StudySpec, check_same

OPTIMIZER = {"adam": {"beta": Float(0.8, 0.99)}, "sgd": {"momentum": Float(0.0, 0.9)}}
START: dict[str, Parameter] = {
    "lr": Float(1e-4, 1e-1, log=True),
    "layers": Int(1, 4),
    "batch": Choice([16, 32, 64]),
    "optimizer": Choice(OPTIMIZER),
}


def changed(**parameters: object) -> Space:
    return Space({**START, **parameters})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "space",
    [
        changed(lr=Float(1e-6, 1.0, log=True)),
        changed(lr=Float(1e-3, 1e-2), layers=Int(3, 9)),
        changed(batch=Choice([32, 64, 128], ordered=True)),
        changed(lr=0.01, layers=2, batch=64),
        changed(dropout=Float(0.0, 0.5, default=0.1), seed=7),
        changed(optimizer=Choice({"adam": OPTIMIZER["adam"]})),
        changed(optimizer=Choice({**OPTIMIZER, "lion": {"decay": Float(0.0, 1.0)}})),
        changed(optimizer=Choice({"adam": {"beta": 0.9}, "sgd": {"momentum": Float(0.0, 0.5)}})),
        changed(optimizer=Choice({**OPTIMIZER, "sgd": {"momentum": Float(0.0, 0.9), "nesterov": True}})),
        Space(dict(reversed(START.items()))),
    ],
)
def test_ranges_options_and_orders_may_change_and_additions_need_a_default(space: Space) -> None:
    assert refusal(Space(START), space) is None


def without(name: str) -> Space:
    return Space({key: value for key, value in START.items() if key != name})


@pytest.mark.parametrize(
    ("space", "saying"),
    [
        (without("layers"), "layers cannot be removed: .* Freeze it instead, .*: 'layers': 2"),
        (changed(optimizer=Choice({"adam": {}, "sgd": {}})), r"beta\[optimizer=adam\] cannot be removed"),
        (changed(dropout=Float(0.0, 0.5)), "dropout cannot be added without a default"),
        (
            changed(mode=Choice({"a": {"q": Int(1, 2)}}, default="a")),
            "mode cannot be added without a default",
        ),
        (
            changed(optimizer=Choice({**OPTIMIZER, "sgd": {"momentum": Float(0.0, 0.9), "m": Int(1, 2)}})),
            r"m\[optimizer=sgd\] cannot be added without",
        ),
        (changed(layers=Float(1.0, 4.0)), "layers cannot change from an Int to a Float"),
        (changed(lr=Choice([0.1, 0.01])), "lr cannot change from a Float to a Choice"),
        (changed(lr=1), r"lr can be frozen to one of its values only: it must be a number"),
        (changed(batch="64"), "batch can be frozen to one of its values only: it must be one of 16, 32, 64"),
        (changed(optimizer="adam"), r"leaving one option: Choice\(\{'adam'"),
    ],
)
def test_what_cannot_be_is_a_sentence_that_says_what_to_do(space: Space, saying: str) -> None:
    assert re.search(saying, refusal(Space(START), space) or "nothing")


def test_a_constant_may_vary_again_in_what_holds_its_value() -> None:
    frozen = Space({"lr": 0.5, "batch": True})
    assert refusal(frozen, Space({"lr": Float(0.0, 1.0), "batch": Choice([True, 2])})) is None
    assert refusal(frozen, Space({"lr": 0.25, "batch": True})) is None
    assert "must hold this value" in str(refusal(frozen, Space({"lr": Float(0.6, 1.0), "batch": True})))
    assert "must hold this value" in str(refusal(frozen, Space({"lr": 0.5, "batch": Choice([1, 2])})))


def test_a_float_is_frozen_to_a_float_as_its_values_are() -> None:
    assert "freeze it to 1.0" in str(refusal(Space({"x": Float(0.0, 2.0)}), Space({"x": 1})))


def test_what_was_added_counts_with_the_default_that_it_was_added_with() -> None:
    state = state_of(
        [
            created(),
            ev.SpaceChanged({"x": Float(0.0, 1.0), "d": Float(0.0, 1.0, default=0.25)}),
            ev.SpaceChanged({"x": Float(0.0, 1.0), "d": Float(0.0, 1.0, default=0.75)}),
            ev.SpaceChanged({"x": Float(0.0, 1.0), "d": Constant(0.75)}),
        ],
        Space({"x": Float(0.0, 1.0)}),
    )
    view = state.history.view()
    assert (view.configs, view.completed) == ([{"x": 0.5}], [{"x": 0.5, "d": 0.25}])
    assert np.isnan(view.encoded).all()  # it was trained with 0.25, not with what is frozen now


def test_an_added_choice_completes_with_what_its_default_opens_and_none_is_an_option() -> None:
    kind = Choice({"a": {"depth": Int(1, 3, default=2)}, "b": {}}, default="a")
    space = Space({"x": Float(0.0, 1.0), "kind": kind, "clip": Choice([None, 1.0], default=None), "tag": "t"})
    assert refusal(Space({"x": Float(0.0, 1.0)}), space) is None
    assert space.completed({"x": 0.5}) == {"x": 0.5, "kind": "a", "depth": 2, "clip": None, "tag": "t"}
    assert "depth" not in space.completed({"x": 0.5, "kind": "b"})
    whole = space.completed({"x": 0.5})
    assert space.completed(whole) is whole


# --- random sequences of changes ---

number = st.integers(0, 10**6)
OPERATIONS = st.lists(st.tuples(number, number, number), max_size=12)


def altered(
    parameters: dict[str, Parameter], a: int, b: int, c: int, branch: str = ""
) -> dict[str, Parameter]:
    """The parameters after one change, at random by three numbers; also into a branch."""
    found = dict(parameters)
    name = list(found)[a % len(found)]
    if b % 5 == 0:
        found[f"{branch}new{a % 7}"] = [
            Float(0.0, 1.0, default=0.5),
            Int(1, 3, default=2),
            Constant(c),
            Float(0.0, 1.0),
        ][c % 4]
        return found
    match found[name]:
        case Constant(value=value) if isinstance(value, float):
            found[name] = Float(min(value, c / 10**6) - 1.0, value + 1.0)
        case Constant(value=int() as value):
            found[name] = Int(value - c % 3, value + 1)
        case Float(low=low, high=high, log=log) as old:
            width = high - low
            choices = [
                Float(low, low + width * (1 + c % 3) / 2, log=log),
                Float(low + width / 4, high, log=log),
                Constant(float(low + width / 2)),
                old,
            ]
            found[name] = choices[c % 4]
        case Int(low=low, high=high):
            found[name] = [Int(low, high + 1), Int(low - 1, high), Constant(high), Float(0.0, 1.0)][c % 4]
        case Choice(options=options) if isinstance(options, dict):
            opened = dict(options)
            key = list(opened)[b % len(opened)]
            if c % 4 == 0 and len(opened) > 1:
                del opened[key]
            elif c % 4 == 1:
                opened[f"option{c % 3}"] = {f"w{c % 3}": Int(1, 5)} if c % 2 else {}
            elif opened[key]:
                opened[key] = altered(opened[key], b, c, a, f"{branch}{name}_{key}_")
            found[name] = Choice(opened)
        case Choice(options=options):
            values = [each for each in (*options, c % 100) if each != options[0] or len(options) < 3]
            found[name] = Choice(list(dict.fromkeys(values)))
    return found


def lived(operations: list[tuple[int, int, int]], seed: int) -> tuple[list[ev.AnyEvent], list[Space]]:
    """Events of a study whose space changes between trials, and its spaces."""
    rng = np.random.default_rng(seed)
    spaces, events, trial = [Space(START)], list[ev.AnyEvent](), 0
    for operation in operations:
        for config in spaces[-1].sample(2, rng):
            events.append(ev.Created(trial, config, "searcher", 0))
            trial += 1
        space = Space(altered(dict(spaces[-1].parameters), *operation))
        if space != spaces[-1] and refusal(spaces[-1], space) is None:
            events.append(ev.SpaceChanged(space.parameters))
            spaces.append(space)
    return events, spaces


def state_of(events: list[ev.AnyEvent], space: Space | None = None) -> State:
    state = State(space or Space(START), (Objective("loss"),), Steps(), Notes())
    for seq, event in enumerate(events, 1):
        state.apply(ev.Entry(seq, 0.0, event))
    return state


def everything(view: HistoryView) -> tuple[object, ...]:
    return view.configs, view.completed, repr(view.encoded.tolist()), view.since


def assert_same(found: Config, given: Config) -> None:
    """Equal, but for the digits by which a float of one range is finer than another range is cut."""
    assert found.keys() == given.keys()
    for name, value in given.items():
        same = pytest.approx(value, rel=1e-11, abs=1e-11) if isinstance(value, float) else value
        assert found[name] == same
        assert type(found[name]) is type(value)


@settings(max_examples=60, deadline=None)
@given(OPERATIONS, number)
def test_configurations_inside_come_back_from_the_cube_and_others_are_rows_of_nan(
    operations: list[tuple[int, int, int]], seed: int
) -> None:
    events, spaces = lived(operations, seed)
    state = state_of(events)
    view, space = state.history.view(), spaces[-1]
    assert state.space == space
    assert view.configs == [event.config for event in events if isinstance(event, ev.Created)]
    for config, completed, row in zip(view.configs, view.completed, view.encoded, strict=True):
        assert {name: completed[name] for name in config} == config
        if space.contains(completed):
            assert_same(space.decode(np.nan_to_num(row)[None])[0], completed)
        else:
            assert np.isnan(row).all()
    assert all(space.contains(config) for config in view.completed[view.since :])


@settings(max_examples=40, deadline=None)
@given(OPERATIONS, number)
def test_folding_any_prefix_of_the_log_is_having_lived_it(
    operations: list[tuple[int, int, int]], seed: int
) -> None:
    events, _ = lived(operations, seed)
    state = state_of([])
    views = [state.history.view()]
    for seq, event in enumerate(events, 1):
        state.apply(ev.Entry(seq, 0.0, event))
        views.append(state.history.view())
    for n, view in enumerate(views):  # read late, after all that was changed later
        assert everything(view) == everything(state_of(events[:n]).history.view())


@settings(max_examples=40, deadline=None)
@given(OPERATIONS, number)
def test_a_study_opens_with_its_present_space_alone(
    operations: list[tuple[int, int, int]], seed: int
) -> None:
    _, spaces = lived(operations, seed)

    def spec(space: Space) -> StudySpec:
        plain = {"type": "fifo"}
        return StudySpec("s", space.parameters, (Objective("loss"),), Steps(), plain, {"type": "random"})

    stored = spec(spaces[0])
    assert check_same(stored, spec(spaces[-1]), spaces)
    for space in spaces[:-1]:
        if space != spaces[-1]:
            with pytest.raises(MismatchError, match="was changed since it was the given one"):
                check_same(stored, spec(space), spaces)
    foreign = Space({**spaces[-1].parameters, "foreign": Float(0.0, 1.0)})
    with pytest.raises(MismatchError, match="cannot go on in the given one: foreign cannot be added"):
        check_same(stored, spec(foreign), spaces)
