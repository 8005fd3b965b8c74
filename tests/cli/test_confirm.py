"""`rung confirm`: trains the leaders of a file's study, and shows what is known of a study."""

import json
from pathlib import Path

import pytest

from rung.cli.main import main

FILE = """
import rung

space = rung.Space(x=rung.Float(0.0, 1.0))
executor = rung.Simulated(problem=rung.LearningCurves(space, noise=0.1), workers=2)
study = rung.Study("noisy", space, minimize="loss", scheduler=rung.ASHA(max_resource=9), store="noisy.db")
budget = rung.Budget(trials=20)
"""


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with a study that has run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noisy.py").write_text(FILE)
    main_ok("run", "noisy.py", "-q")
    capsys.readouterr()
    return tmp_path


def main_ok(*words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code in (0, None)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_file_is_confirmed_and_its_study_shows_it(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main_ok("confirm", "noisy.py", "--top", "2", "--seeds", "3", "--neighbours", "2", "-q")
    told = capsys.readouterr().out
    assert told.startswith("noisy: trial ")
    assert "in the search" in told
    assert "2 configurations near it" in told
    main_ok("confirm", "noisy", "--store", "noisy.db")
    assert capsys.readouterr().out == told
    main_ok("show", "--store", "noisy.db")
    shown = capsys.readouterr().out
    assert "20 trials" in shown
    assert "confirmed:" in shown


def test_json_is_what_the_library_gives(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main_ok("confirm", "noisy.py", "--top", "2", "--seeds", "1", "--json")
    found = json.loads(capsys.readouterr().out)
    assert [leader["measured"]["values"].keys() for leader in found["leaders"]] == [{"1": 0}.keys()] * 2
    assert found["leaders"][0]["measured"]["low"] is None
    assert found["units"] == 18


def test_what_was_not_confirmed_yet_says_how_to(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "rung confirm FILE" in refused(capsys, "confirm", "--store", "noisy.db")
    assert "top must be" in refused(capsys, "confirm", "noisy.py", "--top", "0", "-q")


def test_repetitions_have_a_story_and_are_no_trials(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main_ok("confirm", "noisy.py", "--top", "2", "--seeds", "1", "-q")
    main_ok("why", "20", "--store", "noisy.db")
    assert "created to confirm the configuration of trial" in capsys.readouterr().out
    main_ok("trials", "--store", "noisy.db")
    assert len(capsys.readouterr().out.strip().splitlines()) == 21
    main_ok("report", "--store", "noisy.db", "-o", "page.html")
    page = (there / "page.html").read_text(encoding="utf-8")
    assert "Confirmed" in page and "trained anew 1 time" in page
