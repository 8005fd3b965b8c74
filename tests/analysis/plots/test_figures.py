"""What holds for every figure: titles, sizes, sentences where there is nothing to draw; and files."""

import json
import math
from pathlib import Path

import pytest

import rung
from rung.analysis import plots
from rung.analysis.data import StudyData
from rung.analysis.plots import style

from .studies import empty, run


def two(config, resource, seed):  # type: ignore[no-untyped-def]
    return {"loss": config["x"], "other": 1 - config["x"]}, 1.0


def nan(config, resource, seed):  # type: ignore[no-untyped-def]
    return {"loss": math.nan}, 1.0


LONG = "encoder.layers.0.attention.a_very_long_name_of_a_hyperparameter"


def varied(config, resource, seed):  # type: ignore[no-untyped-def]
    return {"loss": config[LONG] + config["x"] / resource + (1e9 if config["x"] > 0.9 else 0)}, 1.0


@pytest.fixture(scope="module")
def study() -> StudyData:
    space = {LONG: rung.Float(0, 1), "x": rung.Float(0, 1), "b": rung.Choice([None, True])}
    return run(varied, space, trials=40, workers=2, scheduler=rung.ASHA(max_resource=9))


@pytest.mark.parametrize("name", [name for name in plots.FIGURES if name != "pareto-front"])
def test_every_figure_has_a_title_named_axes_and_plain_json(name: str, study: StudyData) -> None:
    figure = plots.FIGURES[name].draw(study)
    assert figure.layout.title.text.startswith("<b>")
    assert figure.layout.height >= 200
    if name == "parallel-coordinates":
        assert all(dimension.label for dimension in figure.data[0].dimensions)
    elif name in ("slices", "model"):  # panels of a row share what stands at their left
        assert sum(bool(axis.title.text) for axis in figure.select_xaxes()) == 3
    elif name == "lineage":  # panels share what stands below the last
        assert all(axis.title.text for axis in figure.select_yaxes())
        assert [bool(axis.title.text) for axis in figure.select_xaxes()] == [False, False, False, True]
    else:
        assert all(axis.title.text for axis in [*figure.select_xaxes(), *figure.select_yaxes()])
    text = figure.to_json()
    json.loads(text)
    assert len(text) < 300_000
    assert len(figure.data) <= 12


@pytest.mark.parametrize("name", plots.FIGURES)
def test_an_empty_study_is_one_sentence(name: str) -> None:
    fresh = empty(minimize=["loss", "other"]) if name == "pareto-front" else empty()
    with pytest.raises(rung.NoResultError, match="'fresh' has no") as caught:
        plots.FIGURES[name].draw(fresh)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in plots.FIGURES if name not in ("pareto-front", "timeline")])
def test_a_study_in_which_all_failed_is_one_sentence(name: str) -> None:
    failed = run(nan, trials=3, scheduler=rung.FIFO(max_resource=2))
    with pytest.raises(rung.NoResultError, match="none of its 3 trials has reported a finite value"):
        plots.FIGURES[name].draw(failed)


def test_one_trial_is_enough_for_all_but_models() -> None:
    one = run(trials=1, scheduler=rung.FIFO(max_resource=1))
    for name, kind in plots.FIGURES.items():
        if name not in ("pareto-front", "contours", "model"):
            kind.draw(one).to_json()
    with pytest.raises(rung.NoResultError, match="contours need 8 trials"):
        plots.contours(one)
    with pytest.raises(rung.NoResultError, match="a model needs 4 trials with a value at 1 epoch, got 1"):
        plots.model(one)


def test_an_outlier_does_not_stretch_an_axis(study: StudyData) -> None:
    for draw in (plots.learning_curves, plots.slices):
        assert draw(study).layout.yaxis.range[1] < 10


def test_a_study_is_read_if_it_was_not_yet() -> None:
    study = rung.minimize(lambda x: x**2, {"x": rung.Float(-1, 1)}, trials=3)
    assert len(plots.best_so_far(study).data) == 3


def test_importances_are_sorted_and_unknown_ones_left_out() -> None:
    figure = plots.importances({"a": (0.1, 0.02), "b": (0.6, math.nan), "c": (math.nan, 0.0)})
    assert list(figure.layout.yaxis.ticktext) == ["b", "a"]
    assert figure.data[0].x.tolist() == pytest.approx([0.6, 0.1])
    with pytest.raises(rung.NoResultError):
        plots.importances({})


def test_colours_of_the_statuses_differ_and_stand_out_on_both_themes() -> None:
    def luminance(color: str) -> float:
        parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    colors = style.STATUS_COLORS.values()
    assert len(set(colors)) == len(colors)
    for theme in (style.LIGHT, style.DARK):
        paper = luminance(theme.paper)
        for color in [*colors, style.ACCENT]:
            high, low = max(paper, luminance(color)), min(paper, luminance(color))
            assert (high + 0.05) / (low + 0.05) > 2, f"{color} on {theme.name}"


def test_html_stands_alone_and_json_is_for_plotly(study: StudyData, tmp_path: Path) -> None:
    figure = plots.rungs(study)
    page = plots.to_file(figure, tmp_path / "rungs.html", theme=style.DARK).read_text(encoding="utf-8")
    assert "<script src=" not in page
    assert style.DARK.paper in page
    written = json.loads(plots.to_file(figure, tmp_path / "rungs.json").read_text())
    assert {"data", "layout"} <= written.keys()
    with pytest.raises(rung.SpecError, match=r"\.png, \.svg, \.pdf"):
        plots.to_file(figure, tmp_path / "rungs.gif")


def test_an_image_has_the_size_that_was_asked_for(study: StudyData, tmp_path: Path) -> None:
    pytest.importorskip("kaleido")
    path = plots.to_file(plots.rungs(study), tmp_path / "rungs.png", width=500, height=300)
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")) == (1000, 600)


def test_without_kaleido_an_image_is_one_sentence(
    study: StudyData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kaleido", None)
    with pytest.raises(rung.MissingDependencyError, match=r"pip install 'rung\[images\]'"):
        plots.to_file(plots.rungs(study), tmp_path / "rungs.svg")
