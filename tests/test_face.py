"""The public names of the package."""

import subprocess
import sys

import pytest

import rung


def test_every_public_name_can_be_reached() -> None:
    for name in dir(rung):
        assert getattr(rung, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Stduy'"):
        _ = rung.Stduy


def test_importing_rung_loads_no_numpy() -> None:
    code = "import sys, rung; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_describing_a_study_loads_no_database_and_no_pickler() -> None:
    code = """
import sys, rung
rung.minimize(lambda x: x, {"x": rung.Float(0, 1)}, trials=2)
sys.exit(" ".join({"sqlalchemy", "psutil", "cloudpickle", "typer", "rich"} & set(sys.modules)) or None)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"loaded: {done.stderr}"
