import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import rung
from analysis.tuned import tuned


class Page(HTMLParser):
    """What a browser finds: the ids, the elements, and the JSON of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.data: dict[str, object] = {}
        self._script = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.tags.append(tag)
        self.ids.extend(value for name, value in attributes if name == "id" and value)
        self.links.extend(value for name, value in attributes if name in ("href", "src") and value)
        self._script = (found.get("id") or "") if found.get("type") == "application/json" else ""

    def handle_data(self, data: str) -> None:
        if self._script:
            self.data[self._script] = json.loads(data)
            self._script = ""


@pytest.fixture(scope="module")
def page(report: Path) -> Page:
    return Page(report.read_text(encoding="utf-8"))


def test_a_report_has_every_section_and_figure(page: Page):
    sections = ["overview", "findings", "progress", "curves", "importance", "hyperparameters", "workers"]
    assert [
        found for found in page.ids if found in {*sections, "trials", "failures", "spec", "reproduce"}
    ] == [
        *sections,
        "trials",
        "failures",
        "spec",
        "reproduce",
    ]
    for name in (
        "best-so-far",
        "best-over-time",
        "learning-curves",
        "rungs",
        "parallel-coordinates",
        "slices",
        "model",
        "timeline",
    ):
        assert page.data[f"figure-{name}"]["data"]


def test_ids_are_unique_and_links_lead_somewhere(page: Page):
    assert len(page.ids) == len(set(page.ids))
    inside = [link[1:] for link in page.links if not link.startswith("#trial-")]
    assert set(inside) <= set(page.ids)
    assert all(link.startswith("#") for link in page.links)  # nothing is fetched


def test_what_users_wrote_stays_text(page: Page, report: Path):
    assert "<b>bold" not in re.sub(
        r"<script>.*?</script>", "", report.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    augment = next(column for column in page.data["trials-data"]["columns"] if column["name"] == "augment")
    assert "</script><b>bold</b> & 'quotes'" in augment["options"]


def test_failures_are_grouped_and_counted(study: rung.Study, report: Path):
    failed = [trial.failure.type for trial in study.trials if trial.failure]
    text = report.read_text(encoding="utf-8")
    assert "MemoryError" in failed
    for kind in set(failed):
        assert f'<b>{kind}</b><span class="quiet"> {failed.count(kind)} trial' in text


def test_the_code_of_a_report_describes_the_same_study(study: rung.Study, report: Path):
    found = re.search(
        r'<section id="reproduce".*?data-copy="(.*?)"', report.read_text(encoding="utf-8"), re.DOTALL
    )
    code = re.sub(r"\nstudy\.run.*", "", __import__("html").unescape(found[1])).replace(
        "seed=0", "seed=0, store=None"
    )
    names: dict[str, rung.Study] = {}
    exec(code, names)
    assert names["study"].spec == study.spec


def test_several_objectives_have_a_front_and_a_compromise(two_goals: rung.Study, tmp_path: Path):
    knee = rung.write_report(two_goals, tmp_path / "knee.html").read_text(encoding="utf-8")
    assert '<section id="front"' in knee
    assert "the knee" in knee
    fast = rung.write_report(two_goals, tmp_path / "fast.html", weights={"latency": 1, "loss": 0.001})
    chosen = re.search(r'class="value"><a href="#trial-(\d+)"', fast.read_text(encoding="utf-8"))
    latencies = [trial.values["latency"] for trial in two_goals.front]
    assert two_goals.trials[int(chosen[1])].values["latency"] == min(latencies)


@pytest.mark.parametrize(
    "weights", [{"loss": 1}, {"loss": 1, "latency": 1, "size": 1}, {"loss": -1, "latency": 1}]
)
def test_weights_must_fit_the_objectives(two_goals: rung.Study, tmp_path: Path, weights: dict[str, float]):
    with pytest.raises(rung.SpecError, match="weight"):
        rung.write_report(two_goals, tmp_path / "report.html", weights=weights)


def test_one_objective_takes_no_weights(study: rung.Study, tmp_path: Path):
    with pytest.raises(rung.SpecError, match="has one, 'loss'"):
        rung.write_report(study, tmp_path / "report.html", weights={"loss": 1})


def test_an_empty_study_has_no_report(tmp_path: Path):
    study = rung.Study("empty", {"x": rung.Float(0, 1)}, minimize="loss", store=None)
    with pytest.raises(rung.NoResultError, match="study 'empty' has no trial yet"):
        rung.write_report(study, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_a_study_of_one_trial_says_what_is_missing(tmp_path: Path):
    with rung.Study("young", {"x": rung.Float(0, 1)}, minimize="loss", store=None) as study:
        study.ask()
        text = rung.write_report(study, tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count('class="missing"') >= 3
    assert ">running</span> as of 20" in text


def test_a_folder_that_does_not_exist_is_said_before_any_work(study: rung.Study, tmp_path: Path):
    with pytest.raises(rung.StoreError, match="give a file in a folder that exists"):
        rung.write_report(study, tmp_path / "nowhere" / "report.html")


def test_an_audited_study_says_what_early_stopping_costs(tmp_path: Path):
    study = tuned(
        {"x": rung.Float(0, 1)},
        lambda x, resource: 1 - x / resource,
        trials=40,
        audit=0.4,
        scheduler=rung.ASHA(max_resource=9),
    )
    text = rung.write_report(study, tmp_path / "report.html").read_text(encoding="utf-8")
    overall = study.audits.overall
    assert overall.n_audited
    assert f"{overall.n_better} of {overall.n_audited} better" in text
    assert study.audits.sentences()[0] in text
