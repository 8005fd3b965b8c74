"""The trials of a study as a file: CSV, Parquet or JSON, a row for each trial."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from rung.core.errors import MissingDependencyError, SpecError
from rung.study import Study
from rung.tables import table

Rows = Sequence[dict[str, object]]


def write_trials(study: Study, path: str | Path) -> None:
    """Write every trial to a file; its suffix decides: .csv, .parquet or .json.

    The columns are those of `study.to_frame()`. What a trial has not, such as a hyperparameter of another
    branch, is empty in CSV and Parquet, and absent from the trial's object in JSON. A hyperparameter that is
    None reads `None` in CSV, and is null in Parquet and JSON.

    Raises:
        SpecError: If the suffix is another one.
        MissingDependencyError: If it is .parquet and pyarrow is not installed.
        OSError: If the file cannot be written.
    """
    path = Path(path)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise SpecError(
            f"trials are written to a file that ends in {', '.join(_WRITERS)}, got {str(path)!r}. "
            "Use for example trials.csv."
        )
    write(path, *table(study.state))


def write_csv(file: IO[str], columns: Sequence[str], rows: Rows) -> None:
    """Write rows under a header line."""
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(columns)
    lines.writerows([[_cell(row[name]) if name in row else "" for name in columns] for row in rows])


def _cell(value: object) -> object:
    return "None" if value is None else value


def _to_csv(path: Path, columns: Sequence[str], rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        write_csv(file, columns, rows)


def _to_json(path: Path, columns: Sequence[str], rows: Rows) -> None:
    with path.open("w", encoding="utf-8") as file:
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        file.write("[\n" + ",\n".join(lines) + "\n]\n")


def _to_parquet(path: Path, columns: Sequence[str], rows: Rows) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingDependencyError(
            "Parquet needs pyarrow, which is not installed. Run: pip install 'rung[parquet]'"
        ) from None
    arrays = [_array(pa, [row.get(name) for row in rows]) for name in columns]
    parquet.write_table(pa.table(arrays, names=list(columns)), path)


def _array(pa: Any, values: list[object]) -> Any:  # Any: the library has no types
    """A column of one type; a choice among values of several types becomes text."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values])


_WRITERS: dict[str, Callable[[Path, Sequence[str], Rows], None]] = {
    ".csv": _to_csv,
    ".parquet": _to_parquet,
    ".json": _to_json,
}
