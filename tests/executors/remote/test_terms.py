"""What an agent objects to, and what it makes of the driver's paths."""

import sys
from pathlib import Path

import msgspec
import pytest

from executors import trainings
from rung.core.errors import ExecutorError
from rung.core.objective import Objective
from rung.core.resource import Steps
from rung.executors.local import Local
from rung.executors.remote.terms import Terms, terms, versions
from rung.trial import TrialCall


def told(folder: Path) -> Terms:
    """As an agent reads it."""
    call = TrialCall(trainings.plain, (Objective("loss"),), Steps(), folder=folder)
    return msgspec.msgpack.decode(msgspec.msgpack.encode(terms(Local(workers=1), call)), type=Terms)


def test_where_all_is_as_at_home_there_is_no_objection(tmp_path: Path) -> None:
    assert told(tmp_path / "study").objection("n1") is None


def test_a_folder_that_is_not_there_or_is_another_one_of_that_name_is_told(tmp_path: Path) -> None:
    found = told(tmp_path)
    elsewhere = msgspec.structs.replace(found, shared=str(tmp_path / "not here"))
    assert "workers on n1 cannot see" in str(elsewhere.objection("n1"))
    other = tmp_path / "other"
    told(other)
    assert "a folder that all machines share" in str(
        msgspec.structs.replace(found, shared=str(other)).objection("n1")
    )


def test_other_versions_are_told(tmp_path: Path) -> None:
    old = msgspec.structs.replace(told(tmp_path), versions="Python 3.9 with rung 0.0.1")
    assert str(old.objection("n7")).startswith(
        f"workers on n7 run {versions()}, this process runs Python 3.9 with rung 0.0.1."
    )


def test_a_folder_that_cannot_be_written_is_told_before_any_worker_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExecutorError, match=r"files of trials cannot be written into .*file"):
        told(tmp_path / "file")


def test_a_worker_finds_what_is_installed_on_its_machine_and_what_the_driver_sees_beside_that(
    tmp_path: Path,
) -> None:
    found = told(tmp_path)
    script, gone, beside = str(tmp_path), "/no/such/folder", str(tmp_path / "beside")
    Path(beside).mkdir()
    setup = msgspec.structs.replace(found.setup, path=[script, gone, beside, *sys.path])
    assert msgspec.structs.replace(found, setup=setup).here().path == [script, *sys.path, beside]
