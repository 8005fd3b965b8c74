"""Writing a report to a file."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from rung.analysis.data import read
from rung.analysis.report.reading import Reading, Section
from rung.core.errors import NoResultError, StoreError
from rung.results import by_objective
from rung.study import Study


def write_report(
    study: Study, path: str | Path = "report.html", *, weights: Mapping[str, float] | None = None
) -> Path:
    """Write a study as one HTML page that opens from disk, without a network, also while the study runs.

    Args:
        study: The study, as it stands.
        path: The file; one that exists is replaced.
        weights: For several objectives: how much each counts where the compromise is looked for; None: the
            knee of the front.

    Returns:
        The file.

    Raises:
        NoResultError: If the study has no trial yet.
        SpecError: If weights are given and are not a positive number for each objective.
        StoreError: If the file cannot be written.
    """
    path = Path(path)
    if not study.state.trials:
        raise NoResultError(
            f"study {study.name!r} has no trial yet, so there is nothing to report. Run it first."
        )
    if not path.parent.is_dir() or path.is_dir():
        raise StoreError(f"the report cannot be written to {path}: give a file in a folder that exists.")
    text = as_page(study, weights)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"the report cannot be written to {path}: {error.strerror}.") from None
    return path


def as_page(study: Study, weights: Mapping[str, float] | None = None) -> str:
    """The page as text."""
    from rung.analysis.report.page import page

    chosen = None if weights is None else by_objective("weights", weights, study.state.objectives)
    reading = Reading(study, read(study), datetime.now().astimezone(), chosen)
    found = (make(reading) for make in _sections())
    return page(reading, [section for section in found if section is not None])


def _sections() -> tuple[Callable[[Reading], Section | None], ...]:
    """The sections in the order of reading."""
    from rung.analysis.report.sections import drawn
    from rung.analysis.report.sections.description import description, reproduce
    from rung.analysis.report.sections.failures import failures
    from rung.analysis.report.sections.findings import findings
    from rung.analysis.report.sections.importances import importances
    from rung.analysis.report.sections.overview import overview
    from rung.analysis.report.sections.trials import trials

    return (
        overview,
        findings,
        drawn.progress,
        drawn.front,
        drawn.curves,
        importances,
        drawn.hyperparameters,
        drawn.workers,
        trials,
        failures,
        description,
        reproduce,
    )
