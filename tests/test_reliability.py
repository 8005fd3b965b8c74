"""The page on reliability names for each fault a test that there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
FAULTS = (
    "end_to_end/test_training_faults.py",
    "end_to_end/test_storage_faults.py",
    "stores/test_outages.py",
    "stores/test_passwords.py",
)

text = PAGE.read_text(encoding="utf-8")


def named(part: str) -> list[tuple[str, str]]:
    """The tests that a part of the page links to: file and name."""
    links = re.findall(r"\[([\w ]+)\]\(\.\./(tests/[\w/]+\.py)\)", part)
    return [(file, f"test_{words.replace(' ', '_')}") for words, file in links]


@pytest.mark.parametrize(("file", "name"), named(text), ids=lambda part: part)
def test_a_test_that_the_page_names_is_there(file: str, name: str) -> None:
    assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_fault_has_a_test() -> None:
    faults = text.partition("## Fault by fault")[2]
    rows = [line for line in faults.splitlines() if line.startswith("| ") and not line.startswith("| fault")]
    assert len(rows) > 50
    assert not [row for row in rows if not named(row)]


@pytest.mark.parametrize("file", FAULTS)
def test_every_test_of_faults_is_on_the_page(file: str) -> None:
    tests = re.findall(
        r"^def (test_\w+)\(", (ROOT / "tests" / file).read_text(encoding="utf-8"), re.MULTILINE
    )
    assert tests
    assert not set(tests) - {name for _, name in named(text)}
