"""Peers run in Pythons of their own, so that what they import and need does not meet."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ABSENT = 3  # exit code of a program whose peer is not installed


def ask_peer(
    python: str, program: str, arguments: Sequence[str], question: object, patience_s: float | None = None
) -> Any:
    """What a program of this folder answers, in JSON; None if its peer is not installed.

    Raises:
        subprocess.TimeoutExpired: If it takes longer than `patience_s`.
    """
    command = [python, str(Path(__file__).parent / program), *arguments]
    done = subprocess.run(
        command, input=json.dumps(question), capture_output=True, text=True, timeout=patience_s, check=False
    )
    if done.returncode == ABSENT:
        return None
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} has failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])
