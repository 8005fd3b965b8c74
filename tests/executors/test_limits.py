"""What a worker may use of its machine."""

from pathlib import Path

import pytest

from rung.executors import limits


@pytest.fixture
def cores(monkeypatch) -> None:
    monkeypatch.setattr(limits, "cores", lambda: 8)


@pytest.mark.usefixtures("cores")
def test_processors_are_shared_out_equally_and_each_worker_has_one() -> None:
    assert limits.thread_variables(None, 3, {})["OMP_NUM_THREADS"] == "2"
    assert limits.thread_variables(None, 100, {})["MKL_NUM_THREADS"] == "1"


@pytest.mark.usefixtures("cores")
def test_what_the_user_has_set_stays() -> None:
    assert "MKL_NUM_THREADS" not in limits.thread_variables(None, 2, {"MKL_NUM_THREADS": "7"})
    assert limits.thread_variables(None, 2, {"OMP_NUM_THREADS": "7"}) == {}


def test_a_number_of_threads_in_the_spec_wins() -> None:
    found = limits.thread_variables(5, 2, {"OMP_NUM_THREADS": "7"})
    assert found == dict.fromkeys(limits.THREAD_VARIABLES, "5")


@pytest.mark.parametrize(
    ("visible", "names"),
    [("2, 3", ("2", "3")), ("GPU-8932f937", ("GPU-8932f937",)), ("0,-1,1", ("0",)), ("-1", ()), ("", ())],
)
def test_gpus_are_those_that_the_environment_shows(visible: str, names: tuple[str, ...]) -> None:
    assert limits.gpus({"CUDA_VISIBLE_DEVICES": visible}) == names


def test_without_a_word_of_the_environment_gpus_are_counted_by_their_devices(tmp_path: Path) -> None:
    for name in ["nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm", "null"]:
        (tmp_path / name).touch()
    assert limits.gpus({}, tmp_path) == ("0", "1")  # CUDA counts those that it finds from 0


def test_the_kernel_counts_its_memory_kills() -> None:
    assert limits.memory_kills() >= 0
