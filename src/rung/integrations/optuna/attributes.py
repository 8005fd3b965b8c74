"""What objectives attach to their trials with `set_user_attr`: a JSON file in the scratch folder of each."""

import json
import os
from pathlib import Path
from typing import Any

from rung.study import Study

_FILE = "user_attrs.json"


def user_attrs(study: Study) -> dict[int, dict[str, Any]]:
    """What the objective has attached, by number of the trial; those without attributes are left out."""
    files = {number: study.folder / "scratch" / str(number) / _FILE for number in range(len(study.trials))}
    return {number: json.loads(file.read_bytes()) for number, file in files.items() if file.is_file()}


def write_user_attrs(folder: Path, attrs: dict[str, Any]) -> None:
    """Keep a trial's attributes in its folder."""
    half = folder / f"{_FILE}.half"
    half.write_text(json.dumps(attrs), encoding="utf-8")
    os.replace(half, folder / _FILE)  # noqa: PTH105  the same, and it says that it is atomic
