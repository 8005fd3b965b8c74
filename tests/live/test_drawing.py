"""The drawing of a scene: it fits every screen, and says what matters first."""

import io

import pytest
from rich.console import Console, Group
from rich.text import Text

import rung
from rung.live.columns import Section, bar, share, spread, table
from rung.live.drawing import draw
from rung.live.scene import Scene
from rung.watching import RunBegun

from .studies import begun, scene_of, simulated, two_goals

SIZES = [(80, 24), (120, 40), (40, 10), (200, 60), (20, 3)]


@pytest.fixture(scope="module")
def hundred() -> Scene:
    """A hundred workers in the middle of their work, with failures and every part of the budget limited."""
    budget = rung.Budget(trials=400, resource=2000, seconds=800, worker_seconds=80_000)
    study = simulated(workers=100, budget=budget, failing=0.2)
    scene = scene_of(study, share=0.5, workers=100)
    assert len(scene.running) == 100
    return scene


def printed(scene: Scene, width: int, height: int) -> list[str]:
    """What stands on a screen of that size, whose last line is left free."""
    console = Console(width=width, height=height, force_terminal=True, file=io.StringIO())
    with console.capture() as captured:
        console.print(Group(*draw(scene, 0.3, width, height - 1)))
    return captured.get().rstrip("\n").split("\n")


def text(scene: Scene, width: int, height: int) -> str:
    return "\n".join(line.plain for line in draw(scene, 0.3, width, height - 1))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits_every_screen(hundred: Scene, width: int, height: int) -> None:
    for scene in (hundred, scene_of(two_goals()), scene_of(simulated(trials=3))):
        lines = draw(scene, 0.3, width, height - 1)
        assert len(lines) <= height - 1
        assert max(line.cell_len for line in lines) <= width
        assert len(printed(scene, width, height)) <= height - 1


def test_at_80_by_24_it_says_everything_and_sums_up_the_other_workers(hundred: Scene) -> None:
    said = text(hundred, 80, 24)
    for word in ("minimize loss", "trials", "left", "100 workers", "best", "lr=", "so far", "100 running"):
        assert word in said
    for word in ("on the way", "arrived", "promoted", "waiting", "9 epochs", "1 epoch"):
        assert word in said
    assert "… and " in said
    assert "diverged: loss is nan" in said


def test_a_larger_screen_shows_more_of_the_running_trials_and_their_configurations(hundred: Scene) -> None:
    small, large = text(hundred, 80, 24), text(hundred, 120, 40)
    assert large.count(" w") > small.count(" w")
    assert "optimizer=sgd" in large.partition("running")[2]


def test_the_rungs_of_a_scheduler_without_any_are_not_shown() -> None:
    assert "promoted" not in text(scene_of(simulated(rung.FIFO(5)), share=0.5), 80, 24)


def test_several_objectives_show_their_front() -> None:
    said = text(scene_of(two_goals()), 80, 24)
    assert "that no other one dominates" in said
    assert "best loss" in said
    assert "best size" in said


def test_a_study_without_events_says_that_workers_start() -> None:
    study = rung.Study("new", {"x": rung.Float(0, 1)}, minimize="loss", store=None)
    run = begun(study, study.state)
    said = text(
        Scene(RunBegun(run.name, run.url, run.folder, run.spec, run.budget, 2, run.state, run.read)), 80, 24
    )
    assert "starting 2 workers" in said
    assert "none yet" in said


def test_an_overlong_name_gives_way_to_the_time() -> None:
    line = spread(Text("x" * 100), Text("12 s"), 30)
    assert line.cell_len == 30
    assert line.plain.endswith("…  12 s")


def test_a_bar_is_as_long_as_it_is_told() -> None:
    assert [bar(done, 10).plain for done in (0.0, 0.55, 1.0, 7.0)] == [
        "─" * 10,
        "━━━━━╸────",
        "━" * 10,
        "━" * 10,
    ]


def test_columns_are_aligned_and_numbers_stand_at_the_right() -> None:
    assert [row.plain for row in table([["a", "1"], ["bcd", "100"]])] == ["a      1", "bcd  100"]


def test_sections_get_their_least_first_and_what_is_left_in_order() -> None:
    def section(n: int) -> Section:
        return Section(Text("title"), [Text(str(i)) for i in range(n)], lambda rest: Text(f"{rest} more"))

    few, many = section(2), section(50)
    assert share(10, [few, many]) == [3, 7]
    assert [line.plain for line in many.lines(7)] == ["title", "0", "1", "2", "3", "4", "45 more"]
    assert share(4, [few, many]) == [3, 0]
    assert many.lines(2) == []
    assert section(0).lines(9) == []
