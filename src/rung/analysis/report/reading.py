"""What the sections of a report are made from, and what a section is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rung.analysis.data import StudyData
from rung.analysis.report.html import Html
from rung.study import Study


@dataclass(frozen=True, slots=True)
class Reading:
    """A study at the moment of its report.

    Attributes:
        study: The study.
        data: The study as columns.
        written: When the report is written.
        weights: How much each objective counts in the compromise, in their order; None: the knee of the front.
    """

    study: Study
    data: StudyData
    written: datetime
    weights: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        id: Where links lead to.
        title: Its heading, also in the list of sections.
        body: What stands below.
        lead: A sentence on how to read it.
        count: A number beside its name in the list of sections.
    """

    id: str
    title: str
    body: Html
    lead: str = ""
    count: int | None = None
