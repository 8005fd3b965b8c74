"""Ranges in a command line: what is written is what is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.core.errors import SpecError
from rung.core.parameter import Choice, Float, Int, Parameter
from rung.programs.ranges import parse_range

finite = st.floats(-1e9, 1e9, allow_nan=False, allow_infinity=False)
words = st.from_regex(r"[a-z][a-z_.-]{0,6}", fullmatch=True).filter(
    lambda word: word not in ("true", "false", "ordered")
)


def written(parameter: Parameter) -> str:
    """A range as a person writes it; the inverse of `parse_range`."""
    match parameter:
        case Choice(options=options, ordered=ordered):
            body = "|".join(text(option) for option in options) + (" ordered" if ordered else "")
        case Float(low=low, high=high, log=log) | Int(low=low, high=high, log=log):
            body = f"{text(low)}..{text(high)}" + (" log" if log else "")
            body += f" step {text(parameter.step)}" if parameter.step is not None else ""
        case _:
            raise AssertionError(parameter)
    has_default = parameter.default is not None and parameter.default in getattr(
        parameter, "options", [parameter.default]
    )
    return body + (f" = {text(parameter.default)}" if has_default else "")


def text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@st.composite
def floats(draw: st.DrawFn) -> Float:
    log = draw(st.booleans())
    low = draw(st.floats(1e-9, 1e3) if log else finite)
    high = draw(st.floats(low + max(1e-3, abs(low) * 1e-3), max(low, 0) * 10 + 1e4))
    default = draw(st.none() | st.just(low) | st.just(high))
    return Float(low, high, log=log, default=default)


@st.composite
def ints(draw: st.DrawFn) -> Int:
    log = draw(st.booleans())
    low = draw(st.integers(1 if log else -1000, 1000))
    high = low + draw(st.integers(1, 1000))
    step = None if log else draw(st.none() | st.integers(1, high - low))
    return Int(low, high, log=log, step=step, default=draw(st.none() | st.just(low)))


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    option = st.one_of(words, st.integers(-99, 99), st.sampled_from([0.25, 1e-7, -3.5]))
    options = tuple(draw(st.lists(option, min_size=2, max_size=5, unique=True)))
    ordered = draw(st.booleans())
    if draw(st.booleans()):
        return Choice(options, ordered=ordered, default=draw(st.sampled_from(options)))
    return Choice(options, ordered=ordered)


@given(st.one_of(floats(), ints(), choices()))
def test_what_is_written_is_read_again(parameter: Parameter) -> None:
    assert parse_range("x", written(parameter)) == parameter


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("1e-5..1e-1 log", Float(1e-5, 1e-1, log=True)),
        ("0..1", Int(0, 1)),
        ("0.0..1", Float(0.0, 1.0)),
        ("-1 .. 1 step 0.5 = 0", Float(-1.0, 1.0, step=0.5, default=0.0)),
        ("16|32|64 ordered", Choice((16, 32, 64), ordered=True)),
        ("true|false=true", Choice((True, False), default=True)),
        ("a b|c", Choice(("a b", "c"))),
    ],
)
def test_ranges_as_people_write_them(text: str, parameter: Parameter) -> None:
    assert parse_range("x", text) == parameter


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no range"),
        ("1..", "is no range"),
        ("1...2", "is no range"),
        ("1-2", "is no range"),
        ("5..1", "x: low must be below high"),
        ("0..1 log", "x: low must be above 0"),
        ("1..2 = a", "x: a default must be a number"),
        ("1..2 =", "the default of x is missing"),
        ("a||b", "x: an option is empty"),
        ("a|b = c", "x: default of a Choice"),
    ],
)
def test_what_is_no_range_is_told(text: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        parse_range("x", text)
