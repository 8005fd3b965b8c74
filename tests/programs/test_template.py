"""Commands with placeholders become arguments, without a shell in between."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.core.errors import SpecError
from rung.core.parameter import Choice, Float
from rung.programs.template import check_names, parse


def test_a_value_is_one_argument_whatever_stands_in_it() -> None:
    template = parse("./train --lr {lr:1e-5..0.1 log} --name={name} 'in quotes {name}'")
    assert template.space == {"lr": Float(1e-5, 0.1, log=True)}
    words = template.fill({"lr": 1e-05, "name": "a 'b'; rm $x"})
    assert words == ["./train", "--lr", "1e-05", "--name=a 'b'; rm $x", "in quotes a 'b'; rm $x"]


@given(st.text(st.characters(exclude_categories=["Cs", "Co", "Cc"]), max_size=20))
def test_any_value_arrives_as_it_is(value: str) -> None:
    assert parse("p --x {x}").fill({"x": value}) == ["p", "--x", value]


@given(st.text(st.characters(exclude_categories=["Cs", "Co", "Cc"]), max_size=20))
def test_any_value_is_quoted_in_a_shells_script(value: str) -> None:
    script = parse(["sh", "-c", "./p {x} | tee log"]).fill({"x": value})[2]
    assert shlex.split(script) == ["./p", value, "|", "tee", "log"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Co", "Cc"])), min_size=1))
def test_arguments_that_are_split_already_stay_as_they_are(words: list[str]) -> None:
    doubled = [word.replace("{", "{{").replace("}", "}}") for word in words]
    assert parse(doubled).fill({}) == words


def test_a_flag_is_there_or_not() -> None:
    template = parse("p {--nesterov} --end")
    assert template.space == {"nesterov": Choice((False, True), default=False)}
    assert template.fill({"nesterov": True}) == ["p", "--nesterov", "--end"]
    assert template.fill({"nesterov": False}) == ["p", "--end"]


def test_what_is_not_there_takes_its_option_with_it() -> None:
    template = parse("p --verbose --momentum {momentum} --beta={beta} -r {checkpoint} {extra}")
    assert template.fill({}) == ["p", "--verbose"]
    assert template.fill({"momentum": 0.9, "checkpoint": "/x"}) == [
        "p",
        "--verbose",
        "--momentum",
        "0.9",
        "-r",
        "/x",
    ]


def test_values_are_written_as_programs_read_them() -> None:
    assert parse("p {a} {b} {c}").fill({"a": True, "b": 3, "c": 0.1}) == ["p", "true", "3", "0.1"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "the command is empty"),
        ("p 'open", "no closing quotation"),
        ("p {", "a brace { stands alone"),
        ("p }", "a brace } stands alone"),
        ('p {"a": 1}', "is no placeholder"),
        ("p {}", "is no placeholder"),
        ("p {--x:1..2}", "takes no range"),
        ("p a{--x}", "must be an argument of its own"),
        ("p {x:1..2} {x:1..3}", "x is given two ranges"),
    ],
)
def test_what_cannot_be_read_is_told(command: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        parse(command)


def test_a_placeholder_without_a_range_is_told_with_the_nearest_name() -> None:
    with pytest.raises(SpecError, match=r"\{lrr\} has no range. Did you mean \{lr\}\?"):
        check_names(parse("p {lrr} {seed}"), {"lr": 1})
    check_names(parse("p {lr} {seed} {target}"), {"lr": 1})
