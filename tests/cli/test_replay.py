"""`rung replay`: agreement in a line, a difference at its event, by whom."""

import json
import re
import sqlite3
from pathlib import Path

import rung

from .conftest import Call


def alter(store: Path, kind: str, trial: int, **fields: object) -> int:
    """Change an event in the file; its number."""
    with sqlite3.connect(store) as db:
        seq, data = db.execute(
            "SELECT seq, data FROM events WHERE kind = ? AND trial = ? ORDER BY seq LIMIT 1", (kind, trial)
        ).fetchone()
        changed = json.dumps({**json.loads(data), **fields})
        db.execute("UPDATE events SET data = ? WHERE seq = ?", (changed, seq))
    db.close()
    return int(seq)


def test_a_study_whose_decisions_agree_says_how_many(call: Call, store: Path) -> None:
    said = call("replay")
    assert said.code == 0
    assert re.fullmatch(r"digits: \d\d decisions agree\n", said.out)
    assert call("replay", "digits", "--store", str(store)).out == said.out


def test_a_difference_is_named_with_both_answers_and_ends_with_exit_code_1(call: Call, store: Path) -> None:
    seq = alter(store, "Created", 3, config={"lr": 0.5, "opt.kind": "adam", "nesterov": True})
    said = call("replay")
    assert said.code == 1
    assert re.match(r"digits: 1 of \d\d decisions would be taken otherwise now\n", said.out)
    assert f"The first is event {seq}, 20" in said.out
    assert "the log  trial 3 with lr=0.5 opt.kind=adam nesterov=True (searcher)" in said.out
    assert re.search(r"now {6}trial 3 with lr=0\.\d+ .* \(searcher\)", said.out)
    assert f"Both are by rung {rung.__version__}, python 3" in said.out


def test_another_version_that_wrote_the_log_is_named(call: Call, store: Path) -> None:
    with sqlite3.connect(store) as db:
        (data,) = db.execute("SELECT data FROM events WHERE kind = 'Opened'").fetchone()
        opened = {**json.loads(data), "versions": {"rung": "0.0.1"}}
        db.execute("UPDATE events SET data = ? WHERE kind = 'Opened'", (json.dumps(opened),))
    db.close()
    assert call("replay").code == 0
    alter(store, "Started", 2, why={"rule": "new", "of": 7})
    said = call("replay")
    assert said.code == 1
    assert f"The log is by rung 0.0.1; this is rung {rung.__version__}, python" in said.out


def test_a_study_that_has_not_begun_has_nothing_to_replay(call: Call, tmp_path: Path) -> None:
    with rung.Study("empty", {"x": rung.Float(1, 2)}, minimize="loss", store=tmp_path / "rung.db"):
        pass
    assert call("replay").out == "empty: no decision was taken yet\n"
