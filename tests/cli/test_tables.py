"""Tables fit the terminal."""

import pytest

from rung.cli.tables import Table


def table() -> Table:
    made = Table(">trial", "status", "~configuration", "~why")
    made.add("7", "paused", "lr=0.00012 optimizer=adam beta1=0.9", "3rd of 4, the best 1 go on")
    made.add("12", "complete", "lr=0.5", "語" * 30)
    return made


def test_without_a_width_nothing_is_cut() -> None:
    assert table().lines(None)[:2] == [
        "trial  status    configuration                        why",
        "    7  paused    lr=0.00012 optimizer=adam beta1=0.9  3rd of 4, the best 1 go on",
    ]


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_lines_fit_and_only_the_flexible_columns_are_cut(width: int) -> None:
    from rich.cells import cell_len

    lines = table().lines(width)
    assert all(cell_len(line) <= width for line in lines)
    assert lines[1].startswith("    7  paused    lr=")
    assert lines[0].split() == ["trial", "status", "configuration", "why"]
