"""`rung plot`: figures to files."""

from pathlib import Path

from rung.analysis.plots import FIGURES

from .conftest import Call, make


def test_without_a_figure_they_are_listed(call: Call) -> None:
    said = call("plot")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == list(FIGURES)


def test_a_figure_becomes_a_page_of_its_name_or_a_file_that_is_named(call: Call, store: Path) -> None:
    said = call("plot", "rungs")
    assert (said.code, said.out) == (0, "rungs.html\n")
    assert "Rungs" in (store.parent / "rungs.html").read_text(encoding="utf-8")
    assert call("plot", "digits", "slices", "-o", "x.json", "--dark").out == "x.json\n"
    assert (store.parent / "x.json").exists()


def test_what_cannot_be_drawn_is_said(call: Call, store: Path) -> None:
    assert "Did you mean 'learning-curves'?" in call("plot", "learning-curve").err
    assert "a study and a figure are wanted" in call("plot", "a", "b", "c").err
    assert "has one objective" in call("plot", "pareto-front").err
    assert "'x.gif'" in call("plot", "rungs", "-o", "x.gif").err
    make(store, "more")
    said = call("plot", "rungs")
    assert said.code == 2
    assert "holds 2 studies" in said.err
