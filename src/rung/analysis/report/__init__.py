"""The report: a study as one HTML page that opens from disk, without a network."""

from rung.analysis.report.write import write_report

__all__ = ["write_report"]
