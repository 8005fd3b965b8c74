from functools import partial
from pathlib import Path

import numpy as np
import pytest

import rung
from rung.analysis.data import StudyData, read
from rung.analysis.plots.lineage import Line, lineages, lineages_data, lineages_figure

PHASES = (
    rung.Phase(0, 3, {"rate": 0.5, "kind": "a"}),
    rung.Phase(3, 5, {"rate": 0.25, "kind": "a"}),
    rung.Phase(5, 9, {"rate": 1.0, "kind": "b"}),
)
SPACE = {"rate": rung.Float(0.0, 1.0), "kind": rung.Choice(["a", "b"])}


def train(trial: rung.Trial) -> None:
    weight = float((trial.checkpoint / "weight").read_text()) if trial.checkpoint else 0.0
    for _ in trial.steps():
        weight += trial.config["rate"]
        trial.report(weight=weight, save=partial(save, weight))


def save(weight: float, folder: Path) -> None:
    (folder / "weight").write_text(repr(weight))


def data(scheduler: object, trials: int | None = None) -> StudyData:
    study = rung.Study("s", SPACE, maximize="weight", scheduler=scheduler, store=None)  # type: ignore[arg-type]
    return read(study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=trials)))


def points(line: Line) -> list[tuple[float, float, int]]:
    return list(zip(line.resource.tolist(), line.value.tolist(), line.trial.tolist(), strict=True))


def test_the_lineage_is_followed_through_every_panel() -> None:
    found = lineages_data(data(rung.Schedule(PHASES)))
    assert [(each.trial, each.start, each.end) for each in found.stretches] == [
        (0, 0, 3),
        (1, 3, 5),
        (2, 5, 9),
    ]
    assert points(found.best) == [
        *((1, 0.5, 0), (2, 1.0, 0), (3, 1.5, 0)),
        *((4, 1.75, 1), (5, 2.0, 1)),
        *((6, 3.0, 2), (7, 4.0, 2), (8, 5.0, 2), (9, 6.0, 2)),
    ]
    rate, kind = found.panels
    assert points(rate.best) == [
        (0, 0.5, 0),
        (3, 0.5, 0),
        (3, 0.25, 1),
        (5, 0.25, 1),
        (5, 1.0, 2),
        (9, 1.0, 2),
    ]
    assert points(kind.best) == [(0, 0, 0), (3, 0, 0), (3, 0, 1), (5, 0, 1), (5, 1, 2), (9, 1, 2)]


def test_a_child_is_drawn_from_the_point_where_it_was_copied() -> None:
    found = lineages_data(data(rung.Schedule(PHASES)))
    curve = found.others
    start = np.flatnonzero(curve.trial == 2)[0]
    assert (curve.resource[start], curve.value[start]) == (5.0, 2.0)  # as its parent was observed
    assert np.isnan(curve.resource[start - 1])


def test_a_population_is_drawn_with_all_its_members_and_the_best_of_them() -> None:
    of = data(rung.SyncPBT(9, population=5, interval=3), trials=5)
    found = lineages_data(of)
    assert found.n_drawn == found.n_trials == len(of.trials) > 5
    assert found.stretches[0].start == 0
    assert found.stretches[-1].end == 9
    assert f"Trial {found.trial}, the best" in lineages_figure(found).layout.title.text.replace("<br>", " ")


def test_trials_without_parents_are_a_lineage_of_one() -> None:
    figure = lineages(data(rung.FIFO(4), trials=3))
    assert "was trained from the start" in figure.layout.title.text.replace("</span><br>", " ").replace(
        "<span style='font-size:12px'>", ""
    )


def test_an_empty_study_has_no_lineage() -> None:
    with pytest.raises(rung.NoResultError, match="no trial yet"):
        lineages(rung.Study("s", SPACE, maximize="weight", store=None))
