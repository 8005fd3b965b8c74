import re
from pathlib import Path

import pytest

import rung
from rung.core.why import SENTENCES, Why, ordinal, sentence

NUMBERS = {"resource": 9, "rank": 2, "of": 12, "keep": 4, "value": 0.5, "threshold": 60.0, "trial": 3}


def names(rule: str) -> set[str]:
    return set(re.findall(r"{(\w+)", SENTENCES[rule])) - {"unit"}


@pytest.mark.parametrize("rule", SENTENCES)
def test_every_rule_is_a_sentence_of_the_numbers_that_it_names(rule: str) -> None:
    words = sentence(Why(rule, **{name: NUMBERS[name] for name in names(rule)}), "epoch")
    assert "None" not in words
    assert "{" not in words
    assert "?" not in words
    assert words[0] not in " ,;"


def test_every_rule_that_the_package_gives_as_a_reason_has_its_sentence() -> None:
    package = Path(str(rung.__file__)).parent
    given = {
        match.group(1)
        for file in package.rglob("*.py")
        for match in re.finditer(r"\bWhy\(\s*\"([^\"]+)\"", file.read_text(encoding="utf-8"))
    }
    assert given
    assert given <= set(SENTENCES)


def test_one_unit_is_singular_and_percent_has_no_plural() -> None:
    assert sentence(Why("complete", resource=1), "epoch") == "reached the last level, 1 epoch"
    assert sentence(Why("complete", resource=81), "epoch") == "reached the last level, 81 epochs"
    assert sentence(Why("complete", resource=100), "percent") == "reached the last level, 100 percent"


def test_the_words_of_a_scheduler_outside_the_package_are_shown_with_their_numbers() -> None:
    assert sentence(Why("out of luck")) == "out of luck"
    assert sentence(Why("out of luck", rank=2, of=3)) == "out of luck (rank 2, of 3)"


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (112, "112th"),
        (101, "101st"),
    ],
)
def test_places_are_counted_as_people_do(n: int, words: str) -> None:
    assert ordinal(n) == words
