"""The page on reliability names for each fault a test that there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")

text = PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("file", "name"), NAMED.findall(text), ids=lambda part: part)
def test_a_test_that_the_page_names_is_there(file: str, name: str) -> None:
    assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_fault_has_a_test() -> None:
    faults = text.partition("## Fault by fault")[2]
    rows = [line for line in faults.splitlines() if line.startswith("| ") and not line.startswith("| fault")]
    assert len(rows) > 50
    assert not [row for row in rows if not NAMED.search(row)]


def test_every_test_of_faults_is_on_the_page() -> None:
    named = {name for _, name in NAMED.findall(text)}
    for path in (
        "end_to_end/test_training_faults.py",
        "end_to_end/test_storage_faults.py",
        "stores/test_outages.py",
    ):
        tests = re.findall(r"^def (test_\w+)\(", (ROOT / "tests" / path).read_text(), re.MULTILINE)
        assert tests
        assert not set(tests) - named, path
