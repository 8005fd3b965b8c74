"""The table of trials: the page filters, sorts and turns over; here stand its numbers and its frame."""

from rung.analysis.report.columns import curves, trial_columns
from rung.analysis.report.html import data, element, joined
from rung.analysis.report.reading import Reading, Section
from rung.words import used


def trials(reading: Reading) -> Section:
    """Every trial; a row opens its configuration, why it stands where it stands, and its curve."""
    found = reading.data
    values = {
        "unit": found.unit,
        "metric": found.objectives[0].metric,
        "columns": trial_columns(found),
        "curves": curves(found.observations, len(found.trials)),
        "used": {trial.number: used(trial.usage) for trial in found.trials if trial.usage is not None},
        "failed": {trial.number: trial.failure.type for trial in found.trials if trial.failure is not None},
    }
    body = joined(
        element("div", id="trials-table"),
        element("noscript", element("p", "The table needs JavaScript.")),
        data("trials-data", values),
    )
    return Section("trials", "Trials", body, _LEAD, len(found.trials))


_LEAD = (
    "A row opens its configuration, its curve, and why it stands where it stands. A heading sorts. Below it, filter: "
    "numbers by 0.1..0.5, >0.9 or <3, anything else by a part of its text."
)
