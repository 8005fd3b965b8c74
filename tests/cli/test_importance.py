"""`rung importance`: a table, the most important first, and how far to trust it."""

from pathlib import Path

import rung
from analysis.tuned import Problem

from .conftest import Call


def studied(store: Path, trials: int = 80, noise: float = 0.0) -> None:
    space = {
        "lr": rung.Float(0, 1),
        "kind": rung.Choice({"a": {"inner": rung.Float(0, 1)}, "b": {}}),
    }

    def value(lr: float, kind: str, resource: int, inner: float = 0.0) -> float:
        return 0.0 if noise else 3 * lr + inner

    with rung.Study("s", space, minimize="loss", scheduler=rung.FIFO(max_resource=2), store=store) as study:
        study.run(executor=rung.Simulated(problem=Problem(value, noise)), budget=rung.Budget(trials=trials))


def test_shares_stand_in_a_table_with_those_of_conditional_ones(call: Call, tmp_path: Path) -> None:
    studied(tmp_path / "rung.db")
    lines = call("importance").out.splitlines()
    assert lines[0] == "s: what matters for loss at 2 steps (80 trials)"
    assert lines[2].split() == ["hyperparameter", "share", "±", "where", "active"]
    assert lines[3].split()[0] == "lr"
    assert "█" in lines[3]
    assert {line.split()[0] for line in lines[3:6]} == {"lr", "kind", "inner"}
    assert lines[-1].startswith("Configurations predict trials not seen with R² 0.")


def test_pairs_and_another_resource_can_be_asked_for(call: Call, tmp_path: Path) -> None:
    studied(tmp_path / "rung.db")
    said = call("importance", "s", "--resource", "1", "--pairs").out
    assert said.startswith("s: what matters for loss at 1 step (80 trials)")
    assert "kind with inner" in said


def test_what_cannot_be_trusted_is_said(call: Call, tmp_path: Path) -> None:
    studied(tmp_path / "rung.db", noise=1.0)
    assert "Trust none of this" in call("importance").out


def test_three_trials_are_too_few(call: Call, tmp_path: Path) -> None:
    studied(tmp_path / "rung.db", trials=3)
    said = call("importance")
    assert said.code == 2
    assert said.err.startswith(
        "rung: what matters cannot be told from 3 trials at 2 steps: at least 10 are needed."
    )
