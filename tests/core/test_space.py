import itertools
import math
from collections import Counter
from fractions import Fraction

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rung.core.errors import ConfigurationError, SpecError
from rung.core.space import Choice, Float, Int, Parameter, Space

NAMES = ["lr", "model.lr", "a", "b", "c", "beta", "self", "Größe"]


# --- spaces of any shape ---


@st.composite
def floats(draw, stepped=None):
    if draw(st.booleans()) if stepped is None else stepped:
        low, step = draw(st.integers(-50, 50)), draw(st.integers(1, 7))
        exponent = draw(st.integers(0, 4))
        high = low + step * draw(st.integers(1, 6)) + draw(st.integers(0, step - 1))
        return Float(*(float(Fraction(x, 10**exponent)) for x in (low, high)), step=step / 10**exponent)
    if draw(st.booleans()):
        low, high = sorted(draw(st.tuples(*[st.floats(5e-324, 1.7e308, exclude_min=False)] * 2)))
        assume(low * (1 + 1e-11) <= high and low < high)
        return Float(low, high, log=True)
    low, high = sorted(draw(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2)))
    assume(low < high and math.isfinite(high - low))
    return Float(low, high)


@st.composite
def ints(draw, widest=2**40 - 1):
    if draw(st.booleans()):
        low, width = draw(st.integers(1, 2**20)), draw(st.integers(1, min(widest, 2**39)))
        return Int(low, low + width, log=True)
    step = draw(st.none() | st.integers(1, min(5, widest)))
    low, width = draw(st.integers(-(2**60), 2**60)), draw(st.integers(step or 1, widest))
    return Int(low, low + width, step=step)


SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3)
PLAIN_CHOICES = st.builds(
    Choice, st.lists(SCALARS, min_size=1, max_size=4, unique=True), ordered=st.booleans()
)


def subspaces(leaves, names, depth):
    """Parameters under some of the names; what a choice opens uses other names, so none can meet."""
    if depth == 0 or len(names) < 2:
        return st.dictionaries(st.sampled_from(names), leaves, max_size=3) if names else st.just({})
    half = len(names) // 2
    below = st.deferred(lambda: subspaces(leaves, names[half:], depth - 1))
    opening = st.dictionaries(st.sampled_from(["x", "y", "z"]), below, min_size=1, max_size=3).map(Choice)
    top = st.dictionaries(st.sampled_from(names[: half - 1] or names[:1]), leaves | SCALARS, max_size=3)
    return st.builds(lambda plain, choice: {**plain, names[half - 1]: choice}, top, opening)


def spaces(leaves):
    return st.permutations(NAMES).flatmap(lambda names: subspaces(leaves, names, 2)).filter(bool).map(Space)


ANY_SPACE = spaces(floats() | ints() | PLAIN_CHOICES)
SMALL_SPACE = spaces(floats(stepped=True) | ints(widest=4) | PLAIN_CHOICES)


def typed(config):
    return {name: (type(value), value) for name, value in config.items()}


@settings(max_examples=150, deadline=None)
@given(ANY_SPACE, st.integers(0, 2**32))
def test_what_is_decoded_encodes_and_decodes_to_itself(space, seed):
    configs = space.sample(20, np.random.default_rng(seed))
    corners = np.array([np.zeros(len(space.columns)), np.ones(len(space.columns))])
    configs += space.decode(corners)
    for config in configs:
        space.check(config)
    X = space.encode(configs)
    assert [typed(config) for config in space.decode(X)] == [typed(config) for config in configs]
    active = np.array([[_is_active(space, c, config) for c in space.columns] for config in configs])
    assert np.array_equal(~np.isnan(X), active.reshape(X.shape))
    assert np.all((X >= 0) & (X <= 1) | np.isnan(X))


def _is_active(space, column, config):
    if column.parent is None:
        return True
    parent = space.columns[column.parent]
    chosen = config.get(parent.name) == list(parent.parameter.options)[column.option]
    return chosen and _is_active(space, parent, config)


@settings(max_examples=100, deadline=None)
@given(ANY_SPACE)
def test_a_space_read_back_from_json_is_equal(space):
    text = msgspec.json.encode(space.to_builtins())
    again = Space.from_builtins(msgspec.json.decode(text))
    assert again == space
    assert again.difference(space) is None
    parameters = msgspec.json.decode(msgspec.json.encode(space.parameters), type=dict[str, Parameter])
    assert Space(parameters) == space


@settings(max_examples=60, deadline=None)
@given(SMALL_SPACE)
def test_the_full_grid_holds_each_configuration_once(space):
    assume(space.size <= 1000)
    grid = list(space.grid())
    assert len({repr(sorted(typed(config).items())) for config in grid}) == len(grid) == space.size
    assert all(space.contains(config) for config in grid)
    assert [space.grid_config(i) for i in range(len(grid))] == grid


@settings(max_examples=100, deadline=None)
@given(ANY_SPACE, st.integers(1, 4))
def test_a_grid_of_points_is_distinct_within_the_space_and_as_long_as_it_says(space, points):
    size = space.grid_size(points)
    grid = list(itertools.islice(space.grid(points), 200))
    assert len(grid) == min(size, 200)
    assert len({repr(sorted(typed(config).items())) for config in grid}) == len(grid)
    assert all(space.contains(config) for config in grid)
    assert space.grid_config(size - 1, points) in (grid[-1], space.grid_config(size - 1, points))


@given(st.integers(1, 999_999_999_999), st.integers(-25, 30))
def test_a_log_float_keeps_every_number_of_twelve_digits(k, exponent):
    x = float(f"{k}e{exponent}")
    space = Space(x=Float(1e-26, 1e45, log=True))
    assert space.decode(space.encode([{"x": x}])) == [{"x": x}]


@pytest.mark.parametrize("exponent", range(-20, 20))
def test_powers_of_ten_and_their_neighbours_survive(exponent):
    power = float(f"1e{exponent}")
    near = [power, float(f"9.99999999999e{exponent - 1}"), float(f"1.00000000001e{exponent}")]
    log = Space(x=Float(power / 1000, power * 1000, log=True))
    linear = Space(x=Float(0, 5 * power))
    for space in (log, linear):
        configs = [{"x": x} for x in near]
        assert space.decode(space.encode(configs)) == configs


@pytest.mark.parametrize(
    ("low", "high", "log"),
    [
        (-1.0, 0.1 + 0.2, False),  # 0.3 is a float below high, and encodes to 1.0
        (0.1, 0.1 + 0.2, True),
        (1e16, 1e16 + 100, False),  # a quantum below the spacing of floats
        (1e9, 1e9 + 1e-3, False),
        (0.0, 5e-324, False),
        (5e-324, 1e-310, True),
        (7.600603375468236e-165, 8.360663713015061e-165, True),  # high just above halfway between two quanta
        (5e-324, 1.7976931348623157e308, True),
        (-8e307, 9e307, False),
        (1.0, 1.0 + 1e-11, True),
    ],
)
def test_strange_ranges_hold_their_bounds_and_invert(low, high, log):
    space = Space(x=Float(low, high, log=log))
    X = np.concatenate([np.linspace(0, 1, 1001), [np.nextafter(0, 1), np.nextafter(1, 0)]])[:, None]
    configs = space.decode(X)
    values = [config["x"] for config in configs]
    assert values[0] == low
    assert values[1000] == high
    assert all(low <= x <= high for x in values)
    assert space.decode(space.encode(configs)) == configs


def test_steps_are_decimal():
    space = Space(x=Float(0.1, 0.75, step=0.1))
    assert [c["x"] for c in space.grid()] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert Space(x=Float(0.8, 0.9, step=0.1)).size == 2  # though 0.9 - 0.8 < 0.1 in floats


def test_discrete_values_are_drawn_evenly_and_log_integers_by_their_logarithm():
    space = Space(
        c=Choice([None, True, 2, 3.5, "x"]), i=Int(-2, 2), s=Float(0, 1, step=0.25), k=Int(1, 1000, log=True)
    )
    configs = space.sample(20_000, np.random.default_rng(1))
    for name in ("c", "i", "s"):
        counts = Counter(config[name] for config in configs)
        assert len(counts) == 5
        assert all(abs(count - 4000) < 250 for count in counts.values())
    below = sum(config["k"] <= 31 for config in configs)
    expected = 20_000 * math.log(31.5 / 0.5) / math.log(1000.5 / 0.5)
    assert abs(below - expected) < 300


def test_the_same_generator_state_gives_the_same_plain_values():
    first, second = (NET.sample(50, np.random.default_rng(3)) for _ in range(2))
    assert first == second
    plain = {str, int, float, bool, type(None)}
    assert {type(value) for config in first for value in config.values()} <= plain


# --- one space, looked at closely ---

NET = Space(
    {"model.lr": Float(1e-5, 1e-1, log=True, default=1e-3)},
    layers=Int(1, 4, default=2),
    epochs=30,
    optimizer=Choice(
        {
            "adam": {"beta": Float(0.8, 0.99, default=0.9), "amsgrad": True},
            "sgd": {
                "beta": Float(0, 1, step=0.5, default=0.5),
                "schedule": Choice({"cosine": {"cycles": Int(1, 3)}, "none": {}}),
            },
        },
        default="adam",
    ),
)


def test_columns_stand_in_order_with_their_parents_and_labels():
    assert [(c.label, c.parent, c.option) for c in NET.columns] == [
        ("model.lr", None, None),
        ("layers", None, None),
        ("optimizer", None, None),
        ("beta[optimizer=adam]", 2, 0),
        ("beta[optimizer=sgd]", 2, 1),
        ("schedule", 2, 1),
        ("cycles", 5, 0),
    ]
    assert [c.n_values for c in NET.columns] == [math.inf, 4, 2, math.inf, 3, 2, 3]


def test_sizes_add_over_options_and_multiply_over_the_rest():
    assert NET.size == math.inf
    branches = {"a": {"i": Int(1, 3), "f": Float(0, 1, step=0.5)}, "b": {"i": Int(1, 2)}, "c": {}}
    assert Space(x=Choice(branches), y=Choice([1, 2])).size == (9 + 2 + 1) * 2
    assert Space(only="a constant").size == 1
    assert Space({f"i{k}": Int(0, 2**39) for k in range(40)}, f=Float(0, 1)).size == math.inf


def test_a_space_of_constants_has_no_columns_and_one_configuration():
    space = Space(a=1, b=None)
    assert space.encode([{"a": 1, "b": None}] * 2).shape == (2, 0)
    assert space.sample(2, np.random.default_rng(0)) == list(space.grid()) * 2 == [{"a": 1, "b": None}] * 2


def test_no_configurations_encode_and_decode_to_none():
    assert NET.encode([]).shape == (0, 7)
    assert NET.decode(np.empty((0, 7))) == []


def test_decoding_does_not_look_at_inactive_columns():
    X = np.array([[0, 0, 0.9, np.nan, 0, 0.9, -5], [0, 0, 0.1, 0, np.nan, 7, np.inf]])
    constant = {"model.lr": 1e-5, "layers": 1, "epochs": 30}
    assert NET.decode(X) == [
        {**constant, "optimizer": "sgd", "beta": 0.0, "schedule": "none"},
        {**constant, "optimizer": "adam", "beta": 0.8, "amsgrad": True},
    ]


def test_defaults_open_the_branch_of_the_default_option():
    assert NET.defaults() == {
        **{"model.lr": 1e-3, "layers": 2, "epochs": 30, "optimizer": "adam", "beta": 0.9, "amsgrad": True}
    }
    lacking = {"a": {"n": Int(1, 2)}, "b": {}}
    assert Space(x=Choice(lacking, default="a")).defaults() is None
    assert Space(x=Choice(lacking, default="b")).defaults() == {"x": "b"}
    assert Space(x=Choice([None, 1], default=None)).defaults() == {"x": None}
    assert Space(x=Choice([None, 1])).defaults() is None


def test_a_grid_runs_through_the_last_column_fastest_and_expands_branches():
    space = Space(a=Choice({"p": {"n": Int(1, 2)}, "q": {}}), x=Float(0, 1), k=Int(0, 100))
    assert list(space.grid({"x": 2, "k": 3}))[:7] == [
        {"a": "p", "n": 1, "x": x, "k": k} for x in (0.0, 1.0) for k in (0, 50, 100)
    ] + [{"a": "p", "n": 2, "x": 0.0, "k": 0}]
    assert space.grid_config(12, {"x": 2, "k": 3}) == {"a": "q", "x": 0.0, "k": 0}
    assert space.grid_size({"x": 2}) == 3 * 2 * 101
    wide = Space(k=Int(0, 2**40 - 1), m=Int(0, 2**40 - 1))
    assert wide.grid_config(2**80 - 1) == {"k": 2**40 - 1, "m": 2**40 - 1}
    assert [c["k"] for c in Space(k=Int(1, 1000, log=True)).grid(8)][:4] == [1, 2, 4, 13]
    assert [c["k"] for c in Space(k=Int(1, 9, log=True)).grid(8)] == [1, 2, 3, 4, 5, 6, 7, 9]
    assert list(Space(x=Float(0, 1)).grid(1)) == [{"x": 0.5}]


def test_a_difference_names_what_changed_and_order_counts():
    other = Space(
        layers=Int(1, 8, default=2),
        optimizer=Choice({"adam": {"beta": Float(0.8, 0.99)}, "lion": {}}),
        dropout=Float(0, 1),
    )
    assert NET.difference(other) == (
        "model.lr was removed; epochs was removed; dropout was added; high of layers changed from 4 to 8; "
        "option 'sgd' of optimizer was removed; option 'lion' of optimizer was added; "
        "amsgrad[optimizer=adam] was removed; default of beta[optimizer=adam] changed from 0.9 to None; "
        "default of optimizer changed from 'adam' to none."
    )
    assert Space(a=1, b=2).difference(Space(b=2, a=1)) == (
        "the order of hyperparameters changed from a, b to b, a."
    )
    assert Space(a=Choice([0, 1])).difference(Space(a=Choice([False, True]))) == (
        "options of a changed from [0, 1] to [False, True]."
    )
    assert Space(a=Float(0, 1)) == Space(a=Float(0.0, 1.0))


def test_what_a_user_gave_may_change_afterwards_without_changing_the_space():
    options = {"x": {"n": Int(1, 2)}}
    space = Space(a=Choice(options))
    options["y"] = {}
    assert space.size == 2
    assert space == Space(a=Choice({"x": {"n": Int(1, 2)}}))


GOOD = {"model.lr": 1e-3, "layers": 2, "epochs": 30, "optimizer": "adam", "beta": 0.9, "amsgrad": True}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": ...}, "layers is missing; got "),
        ({"beta": ...}, "beta is missing, which is active with optimizer=adam; got "),
        (
            {"model.rl": 1},
            "'model.rl' is no hyperparameter of this space, got 1 for it. Did you mean 'model.lr'?",
        ),
        (
            {"schedule": "none"},
            "schedule is active only with optimizer=sgd, got schedule='none' in another branch. Leave it out",
        ),
        ({"beta": 1.0}, "beta must be a number from 0.8 to 0.99, got 1.0. Give a value in that range."),
        ({"beta": math.nan}, "beta must be a number from 0.8 to 0.99, got nan."),
        ({"beta": True}, "beta must be a number from 0.8 to 0.99, got True."),
        ({"beta": 10**400}, "beta must be a number from 0.8 to 0.99, got 1000"),
        ({"beta": np.float64(0.9)}, "got np.float64(0.9). Turn it into a plain Python value with .item()."),
        ({"layers": 2.0}, "layers must be an integer from 1 to 4, got 2.0."),
        ({"layers": True}, "layers must be an integer from 1 to 4, got True."),
        ({"layers": 10**40}, "layers must be an integer from 1 to 4, got 1000"),
        ({"optimizer": "adma"}, "optimizer must be one of 'adam', 'sgd', got 'adma'. Did you mean 'adam'?"),
        ({"optimizer": []}, "optimizer must be one of 'adam', 'sgd', got []."),
        ({"epochs": 31}, "epochs is the constant 30 here, got 31."),
        (
            {"optimizer": "sgd", "amsgrad": ..., "schedule": "none", "beta": 0.4},
            "beta must be 0.0 plus a multiple of step=0.5, got 0.4. The nearest is 0.5.",
        ),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused_in_words(change, message):
    NET.check(GOOD)
    config = {name: value for name, value in (GOOD | change).items() if value is not ...}
    with pytest.raises(ConfigurationError) as caught:
        NET.check(config)
    assert message in str(caught.value)
    assert not NET.contains(config)
    if not change.keys() & {"model.rl", "epochs"} and "active only" not in message:
        with pytest.raises(ConfigurationError) as caught:
            NET.encode([GOOD, config])
        assert message in str(caught.value)


def test_a_float_takes_integers_and_numbers_of_more_digits():
    for value in (1, 1 / 3):
        config = {"x": value}
        assert Space(x=Float(0, 2)).contains(config)
        assert Space(x=Float(0, 2)).encode([config])[0, 0] == value / 2


def relu():
    pass


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Float(1, 0.5), "low must be below high in a Float, got low=1 and high=0.5. Exchange them"),
        (lambda: Int(3, 3), "low must be below high in an Int, got low=3 and high=3."),
        (lambda: Float(0, 1, log=True), "low must be above 0 in a Float with log=True, got low=0."),
        (lambda: Int(0, 8, log=True), "low must be above 0 in an Int with log=True, got low=0."),
        (lambda: Float(0, math.inf), "high of a Float must be a finite number, got inf."),
        (lambda: Float(-1.7e308, 1.7e308), "high - low of a Float must be finite, got "),
        (lambda: Float(False, 1), "low of a Float must be a finite number, got False."),
        (lambda: Float("0", 1), "low of a Float must be a finite number, got '0'."),
        (
            lambda: Float(np.float64(0), 1),
            "got np.float64(0.0). Turn it into a plain Python value with .item().",
        ),
        (lambda: Float(0, 1, log=1), "log of a Float must be True or False, got 1. Write log=True."),
        (lambda: Float(1, 2, log=True, step=0.1), "log and step exclude each other, got both"),
        (lambda: Float(0, 1, step=0), "step of a Float must be above 0 and at most high - low, got step=0"),
        (lambda: Int(0, 1, step=2), "step of an Int must be above 0 and at most high - low, got step=2"),
        (
            lambda: Float(0, 1, step=1e-15),
            "The range of a Float must hold at most 2**40 distinct values, got 1000000000000001",
        ),
        (
            lambda: Float(1e16, 1e16 + 9, step=0.5),
            "must be large enough to tell its values apart, got step=0.5",
        ),
        (lambda: Float(1, 1 + 1e-14, log=True), "must differ by 1e-11 of low at least, got low=1 and high="),
        (lambda: Float(0, 1, default=2), "default of a Float must be a number from 0.0 to 1.0, got 2."),
        (lambda: Float(0, 1, default="x"), "default of a Float must be a finite number, got 'x'."),
        (
            lambda: Float(0, 1, step=0.5, default=0.4),
            "default of a Float must be 0.0 plus a multiple of step=0.5",
        ),
        (lambda: Int(1, 2.0), "high of an Int must be an integer, got 2.0."),
        (lambda: Int(True, 2), "low of an Int must be an integer, got True."),
        (lambda: Int(1, 2**62), "high of an Int must be between -2**62 and 2**62, got 4611686018427387904."),
        (
            lambda: Int(0, 2**40),
            "The range of an Int must hold at most 2**40 distinct values, got 1099511627777",
        ),
        (lambda: Int(1, 2**41, log=True), "high of an Int with log=True must be at most 2**40, got high="),
        (lambda: Int(1, 2, default=3), "default of an Int must be an integer from 1 to 2, got 3."),
        (lambda: Choice([]), "A Choice needs at least one option, got []. List the options"),
        (lambda: Choice("adam"), "options of a Choice must be a list or a dict, got 'adam'."),
        (lambda: Choice(["a", "b", "a"]), "Options of a Choice must differ, got 'a' and 'a'. Leave one out."),
        (lambda: Choice([1, True]), "got 1 and True. Leave one out; Python takes the two for equal."),
        (lambda: Choice([relu]), ". Use names and look the object up in train."),
        (lambda: Choice([(1, 2)]), "got (1, 2). Use names and look the object up in train."),
        (lambda: Choice([math.nan]), "must be a string, a finite number, True, False or None, got nan."),
        (lambda: Choice(["a"], default="b"), "default of a Choice must be one of 'a', got 'b'."),
        (lambda: Choice(["a"], default=None), "default of a Choice must be one of 'a', got None."),
        (
            lambda: Choice({1: {}}),
            "An option that opens a sub-space must be a string, got 1. Name the option.",
        ),
        (
            lambda: Choice({"a": 1}),
            "The sub-space of option 'a' must be a dict, got 1. Write {'name': Float(...)}",
        ),
        (
            lambda: Choice({"a": {1: 2}}),
            "The name of a hyperparameter must be a string that is not empty, got 1.",
        ),
        (
            lambda: Space({1: Int(1, 2)}),
            "The name of a hyperparameter must be a string that is not empty, got 1.",
        ),
        (Space, "A space needs at least one hyperparameter, got none."),
        (lambda: Space([1]), "A space must be made of a dict or keywords, got [1]."),
        (lambda: Space({"a": 1}, a=2), "'a' must be given once, got it in the dict and as a keyword."),
        (lambda: Space(a=relu), "Use names and look the object up in train."),
        (lambda: Space(a=["x", "y"]), "got ['x', 'y']. Write Choice([...]) to choose one of these."),
        (lambda: Space(a={"x": {}}), "got {'x': {}}. Write Choice({...}) for options that open sub-spaces."),
        (
            lambda: Space(lr=1, o=Choice({"adam": {"lr": Float(0, 1)}})),
            "A name may stand only once in a configuration, got lr and lr[o=adam], which can be",
        ),
        (
            lambda: Space(o=Choice({"a": {"o": 1}})),
            "A name may stand only once in a configuration, got o and o[o=a], which can be active together.",
        ),
        (
            lambda: Space(
                o=Choice({"a": {"p": Choice({"x": {"n": 1}})}, "b": {"n": 1}}),
                q=Choice({"c": {"n": Int(1, 2)}}),
            ),
            "which can be active together. Rename one; only branches of one choice may share a name.",
        ),
        (lambda: Space(x=Float(0, 1)).grid(), "A grid over x needs a number of points, got none for Float("),
        (lambda: NET.grid(0), "points of a grid must be an integer of at least 1, got 0 for model.lr."),
        (lambda: NET.grid({"layer": 2}), "got 'layer'. Did you mean 'layers'?"),
        (lambda: Space(a=1).grid_config(1), "index into this grid must be from 0 to 0, got 1."),
        (lambda: NET.decode(np.zeros((2, 3))), "must have shape (n, 7), got (2, 3)."),
        (
            lambda: NET.decode(np.full((1, 7), 1.5)),
            "must lie from 0 to 1 where they are active, got 1.5 for model.lr",
        ),
        (lambda: Space.from_builtins([1]), "A space must be a table of hyperparameters, got [1]."),
        (
            lambda: Space.from_builtins({"lr": {"type": "float", "low": 0, "hihg": 1}}),
            "lr: Object contains unknown field `hihg`. A hyperparameter is a plain value or a table",
        ),
        (
            lambda: Space.from_builtins({"lr": {"type": "float", "low": "0", "high": 1}}),
            "lr.low: Expected `float`, got `str`.",
        ),
        (lambda: Space.from_builtins({"lr": {"type": "real"}}), "lr.type: Invalid value 'real'."),
        (lambda: Space.from_builtins({"lr": {"low": 0}}), "lr: Object missing required field `type`."),
        (lambda: Space.from_builtins({"lr": [1]}), "lr: A constant must be a string, a finite number"),
        (
            lambda: Space.from_builtins(
                {"o": {"type": "choice", "options": {"sgd": {"m": {"type": "int", "low": 2, "high": 1}}}}}
            ),
            "o.options.sgd.m: low must be below high in an Int, got low=2 and high=1.",
        ),
    ],
)
def test_what_is_described_wrongly_is_refused_in_words(make, message):
    with pytest.raises(SpecError) as caught:
        make()
    assert message in str(caught.value)


def test_two_branches_of_one_choice_may_share_a_name():
    shared = Space(o=Choice({"a": {"p": Choice({"x": {"n": 1}})}, "b": {"n": Int(1, 2)}}))
    assert [c.label for c in shared.columns] == ["o", "p", "n[o=b]"]
    assert list(shared.grid()) == [{"o": "a", "p": "x", "n": 1}, {"o": "b", "n": 1}, {"o": "b", "n": 2}]
