"""`rung report`: where it writes, and what it complains about."""

from pathlib import Path

from .conftest import Call, make


def test_report_writes_a_page_and_prints_where(call: Call, store: Path) -> None:
    assert call("report").out == "report.html\n"
    assert call("report", "digits", "-o", "other.html").out == "other.html\n"
    page = (store.parent / "other.html").read_text(encoding="utf-8")
    assert "<h1>digits</h1>" in page


def test_a_report_of_an_empty_study_is_one_sentence(call: Call, store: Path) -> None:
    make(store, "empty", trials=0)
    said = call("report", "empty")
    assert said.code == 2
    assert said.err == "rung: study 'empty' has no trial yet, so there is nothing to report. Run it first.\n"
    assert not (store.parent / "report.html").exists()


def test_weights_are_numbers_by_metric(call: Call, store: Path) -> None:
    for text in ("loss", "loss=much", "=1", ""):
        said = call("report", "--weights", text)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("rung: weights must be numbers by metric")
    assert "weights are for several objectives" in call("report", "--weights", "loss=1").err
