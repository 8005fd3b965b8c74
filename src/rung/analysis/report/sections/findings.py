"""What the doctor found, in sentences."""

from rung.analysis.doctor.examine import examine
from rung.analysis.doctor.finding import Finding
from rung.analysis.report.html import Html, element, joined, table
from rung.analysis.report.reading import Reading, Section


def findings(reading: Reading) -> Section:
    """What a practitioner would say of this study, and all that was looked at."""
    examination = examine(reading.data)
    found = examination.findings
    said = element("ul", [_finding(each) for each in found], class_="findings") if found else _NOTHING
    rows = [(check.question, check.outcome, check.why) for check in examination.checked]
    checked = element(
        "details",
        element("summary", f"All {len(rows)} checks"),
        table(("question", "answer", ""), rows),
    )
    return Section("findings", "Findings", joined(said, checked), "What to look at first.", len(found))


_NOTHING = element("p", "Nothing that should worry you.")


def _finding(found: Finding) -> Html:
    sign = element("span", found.severity, class_=f"chip {found.severity}")
    words = joined(element("b", found.sentence), " ", found.advice)
    return element("li", sign, element("p", words))
