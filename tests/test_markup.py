"""HTML from plain values: escaped, and small pictures of the right size."""

import re

import rung
from rung.markup import Markup, bar, card, curve, element, grid, html, pairs


def test_what_is_text_is_escaped_once_and_what_is_html_is_not() -> None:
    assert html("<b> & </b>") == "&lt;b&gt; &amp; &lt;/b&gt;"
    assert html(Markup("<b>x</b>")) == "<b>x</b>"
    assert element("td", "", "<") == "<td>&lt;</td>"
    assert "<i>" not in card("<i>", "<i>", pairs({"<i>": "<i>"}), grid(["<i>"], [["<i>"]]))


def test_words_stand_at_the_left_and_numbers_at_the_right() -> None:
    cells = re.findall(
        r"<td style=\"text-align:(\w+)", grid(["name", "n", "kind"], [["a", "1", "b"]], words=(0, 2))
    )
    assert cells == ["left", "right", "left"]


def test_a_bar_is_never_longer_than_it_may_be() -> None:
    assert "width:50.0%" in bar(0.5)
    assert "width:100.0%" in bar(3.0)
    assert "width:0.0%" in bar(-1.0)


def test_a_curve_stays_inside_its_picture_and_a_single_point_is_none() -> None:
    points = [(0.0, 5.0), (10.0, -3.0), (20.0, 1.0)]
    numbers = [
        float(number)
        for number in re.findall(r"[\d.]+", re.search(r'points="([^"]+)"', curve(points)).group(1))
    ]  # type: ignore[union-attr]
    assert all(0 <= x <= 160 for x in numbers[::2])
    assert all(0 <= y <= 26 for y in numbers[1::2])
    assert numbers[1] < numbers[5] < numbers[3]  # larger values stand higher
    assert curve([(1.0, 1.0)]) == ""
    assert "nan" not in curve([(1.0, 2.0), (1.0, 2.0)])


def train(trial: rung.Trial) -> None:
    for step in trial.steps():
        if trial.config["x"] > 0.8:
            raise ValueError("a <tag>\nsecond line")
        trial.report(loss=trial.config["x"] / step)


def test_studies_and_trials_show_themselves_in_notebooks() -> None:
    space = {"x": rung.Float(0, 1), "kind": rung.Choice(["good", "<bad>"])}
    study = rung.Study("s", space, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=None)
    assert "none yet" in study._repr_html_()
    study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=30))
    shown = study._repr_html_()
    assert f"trial {study.best.number}" in shown
    assert shown.count("<tr") == 6 + 1 + 5  # facts, a header, the leading trials
    bad = next(trial for trial in study.trials if trial.failure)
    assert "ValueError" in bad._repr_html_()
    assert "a &lt;tag&gt;" in bad._repr_html_()
    assert "<bad>" not in study.trials._repr_html_()
    assert "… and 10 more" in study.trials._repr_html_()


def test_the_leading_trials_are_those_that_came_furthest_the_best_first() -> None:
    from rung.results import leading

    study = rung.Study(
        "s",
        {"x": rung.Float(0, 1), "kind": "good"},
        minimize="loss",
        scheduler=rung.ASHA(max_resource=9),
        store=None,
    )
    study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=30))
    found = leading(study.state, "s", 4)
    assert [trial.number for trial in found] == [
        trial.number
        for trial in sorted(study.trials, key=lambda trial: (-trial.resource, trial.value, trial.number))[:4]
    ]
    assert found[0].number == study.best.number
