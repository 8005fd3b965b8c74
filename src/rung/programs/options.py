"""The options of an argparse script, as the script itself declares them."""

import subprocess
import tempfile
from pathlib import Path

import msgspec

from rung.core.errors import SpecError
from rung.core.scale import Scalar

_PATIENCE_S = 120.0  # importing a deep-learning library takes its time
_SPY = Path(__file__).with_name("spy.py")


class Option(msgspec.Struct, frozen=True):
    """One argument of a script.

    Attributes:
        option: Its option, "--lr"; empty for a positional argument.
        name: Its name in the parsed arguments.
        kind: Whether it takes one value, is a flag, a switch (--x and --no-x), or something else.
        type: Name of its type: "float", "int", "str", or any function's.
        default: Its default.
        choices: Its choices, if it has any.
        required: Whether it must be given.
        help: What the script says of it.
    """

    option: str
    name: str
    kind: str
    type: str
    default: Scalar
    choices: list[Scalar] | None
    required: bool
    help: str


def read_options(script: Path, python: str) -> list[Option]:
    """The options of a script; it is run up to where it reads its arguments.

    Args:
        script: A Python file.
        python: The interpreter to run it with.

    Raises:
        SpecError: If it does not read arguments with argparse, or cannot be run.
    """
    if not script.is_file():
        raise SpecError(
            f"{script} {'is a folder' if script.is_dir() else 'does not exist'}. Name a Python script."
        )
    with tempfile.TemporaryDirectory(prefix="rung-") as folder:
        result = Path(folder, "options.json")
        said = _run([python, str(_SPY), str(result), str(script)], script)
        if not result.is_file():
            raise SpecError(_why_not(script, said))
        return msgspec.json.decode(result.read_bytes(), type=list[Option])


def _run(command: list[str], script: Path) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SpecError(
            f"{script} --help took more than {_PATIENCE_S:.0f} seconds without looking at its arguments. "
            "Does it read them with argparse, before it trains?"
        ) from None


def _why_not(script: Path, said: "subprocess.CompletedProcess[str]") -> str:
    lines = said.stderr.strip().splitlines()
    if said.returncode and lines:
        return f"{script} --help fails, so its options cannot be read: {lines[-1][:200]}"
    return (
        f"{script} does not read its arguments with argparse, so its options cannot be read. "
        "Write the study file by hand; docs/command-programs.md shows one."
    )
