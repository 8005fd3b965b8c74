import re
from pathlib import Path

import pytest

import rung
from rung.core.why import SENTENCES, Why, ordinal, sentence

NUMBERS = {
    "resource": 9,
    "rank": 2,
    "of": 12,
    "keep": 4,
    "value": 0.5,
    "threshold": 60.0,
    "trial": 3,
    "by": "size",
}
MADE_OF = {"kept": ("keep",), "among": ("keep", "of")}


def names(rule: str) -> set[str]:
    found = set(re.findall(r"{(\w+)", SENTENCES[rule])) - {"unit"}
    return {each for name in found for each in MADE_OF.get(name, (name,))}


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


def test_how_many_go_on_is_said_in_words_that_fit_the_number() -> None:
    places = [
        sentence(Why("not promoted", resource=9, rank=5, of=12, keep=keep), "epoch") for keep in (0, 1, 4)
    ]
    assert places == [
        "5th of 12 at 9 epochs, none goes on yet",
        "5th of 12 at 9 epochs, only the best one goes on",
        "5th of 12 at 9 epochs, the best 4 go on",
    ]
    assert sentence(Why("promoted", resource=1, of=3, keep=1)) == "promoted from 1 step: the best of 3"


def test_what_trials_were_ranked_by_is_said_where_it_is_not_their_one_objective() -> None:
    fronts = Why("not promoted", resource=3, rank=3, of=9, keep=2, by="non-domination (front 2)")
    assert sentence(fronts) == "3rd of 9 at 3 steps by non-domination (front 2), the best 2 go on"


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
