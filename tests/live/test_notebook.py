"""The view in a notebook: its HTML, and a real notebook that shows it."""

import re
from pathlib import Path

import pytest

from rung.live.notebook import page
from rung.live.scene import Scene

from .studies import begun, scene_of, simulated, steps, two_goals

CELLS = [
    "import rung",
    """def train(trial):
    _ = trial.checkpoint
    for epoch in trial.steps():
        trial.report(loss=trial.config["x"] / epoch, save=lambda folder: None)
study = rung.Study("digits", {"x": rung.Float(0, 1)}, minimize="loss", scheduler=rung.ASHA(max_resource=9), store=None)
study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=9), watch=[rung.Live()]);""",
    "study",
    "study.best",
    "study.trials",
]


def test_a_page_shows_the_budget_the_best_the_rungs_and_some_of_the_running_trials() -> None:
    html = page(scene_of(simulated(workers=100, trials=300, failing=0.4), share=0.5, workers=100), 0.2)
    for words in ("minimize loss", "of 300", "best", "on the way", " more: ", "diverged", "<svg"):
        assert words in html
    assert html.count("<tr") < 40


def test_names_are_escaped() -> None:
    study = simulated(trials=5, failing=1.0)
    state, _, _ = list(steps(study))[-1]
    run = begun(study, state)
    scene = Scene(type(run)("<b>&", *[getattr(run, name) for name in type(run).__slots__[1:]]))
    assert "&lt;b&gt;&amp;" in page(scene, 0.0)


def test_nothing_is_loaded_from_elsewhere_and_no_color_of_text_or_ground_is_fixed() -> None:
    for study in (simulated(), two_goals()):
        html = page(scene_of(study, share=0.7), 0.0)
        assert not re.search(r"https?:|src=|<script|<style|<link", html)
        assert not re.search(r"color:\s*(#000|#fff|black|white)", html)


def test_a_real_notebook_shows_the_view_the_study_the_best_and_the_trials(tmp_path: Path) -> None:
    pytest.importorskip("ipykernel")
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    nbclient.NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [cell.outputs[-1]["data"]["text/html"] for cell in book.cells[1:]]
    assert [len(cell.outputs) for cell in book.cells[1:]] == [1, 1, 1, 1]  # the view is one that changes
    assert "the budget of 9 trials is used up" in shown[0]
    assert "on the way" in shown[0]
    assert "9: " in shown[1]
    assert "reached the last level, 9 steps" in shown[2]
    assert shown[3].count("<tr") == 1 + 9
