"""The report in a browser: it opens from disk without a network, and its parts do what they say."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rung

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

ARGUMENTS = [
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
COUNT = "#trials-table .tools [role=status]"
ROWS = "#trials-table tbody tr.trial"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    """The report at 1280 pixels; an error on its console, or a request, fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, color_scheme="light")
    context.set_default_timeout(60_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else wrong.append(asked.url),
    )
    page.goto(report.as_uri())
    yield page
    context.close()
    assert wrong == []


def column(page: Any, name: str) -> list[str]:
    """The cells that the table shows below a heading."""
    heads = page.locator("#trials-table thead tr:first-child th").all_inner_texts()
    cells = f"{ROWS} td:nth-child({heads.index(name) + 1})"
    return page.locator(cells).all_inner_texts()


def drawn(page: Any, name: str) -> Any:
    """A figure, scrolled into view until it is drawn."""
    figure = page.locator(f".plot[data-figure={name}]")
    figure.scroll_into_view_if_needed()
    figure.locator(".main-svg").first.wait_for()
    return figure


def test_figures_are_drawn_when_they_come_into_view(page: Any):
    assert "drawn" not in page.locator(".plot[data-figure=timeline]").get_attribute("class")
    drawn(page, "timeline")
    drawn(page, "best-so-far")


def test_filters_leave_the_trials_that_fit(page: Any, study: rung.Study):
    failed = [trial for trial in study.trials if trial.status == "failed"]
    page.locator("#trials-table .chip.failed").click()
    assert page.locator(COUNT).inner_text() == f"{len(failed)} of 60 trials"
    assert set(column(page, "status")) == {"failed"}

    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_label("Filter layers").fill("2..3")
    few = [trial for trial in study.trials if 2 <= trial.config["layers"] <= 3]
    assert page.locator(COUNT).inner_text() == f"{len(few)} of 60 trials"
    page.get_by_label("Filter optimizer").fill("sgd")
    both = [trial for trial in few if trial.config["optimizer"] == "sgd"]
    assert page.locator(COUNT).inner_text() == f"{len(both)} of 60 trials"
    page.get_by_label("Filter layers").fill("2..x")
    assert page.get_by_label("Filter layers").get_attribute("aria-invalid") == "true"

    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_label("Search in all columns").fill("memoryerror")
    assert set(column(page, "layers")) == {"4"}


def test_a_heading_sorts_both_ways_and_what_is_missing_comes_last(page: Any, study: rung.Study):
    losses = [trial.value for trial in study.trials if trial.value is not None]
    sort = page.get_by_role("button", name="loss", exact=True)
    sort.click()
    assert float(column(page, "loss")[0]) == pytest.approx(min(losses), rel=1e-4)
    sort.click()
    assert float(column(page, "loss")[0]) == pytest.approx(max(losses), rel=1e-4)
    page.get_by_role("button", name="momentum", exact=True).click()
    shown = [trial.config["momentum"] for trial in study.trials if "momentum" in trial.config]
    assert float(column(page, "momentum")[0]) == pytest.approx(min(shown), rel=1e-4)


def test_a_row_opens_by_keyboard_and_by_link(page: Any, study: rung.Study):
    page.get_by_role("button", name="Trial 1", exact=True).press("Enter")
    details = page.locator("tr.details")
    assert study.trials[1].why.splitlines()[0] in details.inner_text()
    page.locator("#overview a[href^='#trial-']").click()
    best = page.locator(f"tr.trial[data-trial='{study.best.number}'] + tr.details")
    assert best.locator("svg .curve").count() == 1
    copied = best.locator("[data-copy]").first.get_attribute("data-copy")
    assert __import__("json").loads(copied) == study.best.config


def test_brushing_the_parallel_coordinates_selects_trials(page: Any, study: rung.Study):
    figure = drawn(page, "parallel-coordinates")
    axis = figure.locator(".axis-brush").first.bounding_box()  # of the learning rate
    x = axis["x"] + axis["width"] / 2
    page.mouse.move(x, axis["y"] + 0.98 * axis["height"])
    page.mouse.down()
    page.mouse.move(x, axis["y"] + 0.7 * axis["height"], steps=5)
    page.mouse.move(x, axis["y"] + 0.4 * axis["height"], steps=5)
    page.mouse.up()
    low, high = page.wait_for_function(
        "document.querySelector('[data-figure=parallel-coordinates]').data[0].dimensions[0].constraintrange"
    ).json_value()
    assert 0 <= low < high < 1
    inside = [trial for trial in study.trials if low <= rung_place(study, trial) <= high]
    page.locator("#trials-table .tools .chip:not(.dot)").wait_for()
    shown = [int(text.strip("▸ ")) for text in column(page, "trial")]
    assert shown
    assert len(shown) < 60
    assert set(shown) <= {trial.number for trial in inside}


def rung_place(study: rung.Study, trial: rung.TrialResult) -> float:
    return float(study.space.encode([trial.config])[0, 0])


def test_the_theme_turns_with_its_figures(page: Any):
    figure = drawn(page, "best-so-far")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.wait_for_function(
        "document.querySelector('[data-figure=best-so-far]').layout.font.color === THEMES.dark['font.color']"
    )
    assert figure.is_visible()
    page.get_by_role("button", name="Light").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == before


def test_a_narrow_page_does_not_scroll_sideways(page: Any):
    page.set_viewport_size({"width": 400, "height": 800})
    page.evaluate("for (const place of figures) draw(place)")
    page.locator("#trials-table tbody button").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_users_text_makes_no_elements(page: Any):
    assert page.locator("main b:text-is('bold')").count() == 0
    assert page.get_by_text("</script><b>bold</b>").count() > 0
