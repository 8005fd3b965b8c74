"""What workers own, one place each, or several."""

import pytest

from rung.executors import limits
from rung.executors.processes.places import Places


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight processors, of which nobody has said how they are shared."""
    monkeypatch.setattr(limits, "cores", lambda: 8)
    for name in limits.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_places_on_a_shared_gpu_are_joined_only_to_those_on_the_same_one() -> None:
    places = Places((("0",), ("1",), ("0",), ("1",)), None, hides_gpus=False)
    assert places.neighbours(0) == {2}
    assert places.slot(5, (0, 2)).gpus == ("0",)


def test_places_with_gpus_of_their_own_are_joined_to_any() -> None:
    places = Places((("0", "1"), ("2", "3"), ("4", "5")), None, hides_gpus=False)
    assert places.neighbours(1) == {0, 2}
    assert places.environment((1, 0))["CUDA_VISIBLE_DEVICES"] == "2,3,0,1"


def test_a_worker_in_two_places_has_the_processors_of_both() -> None:
    places = Places(((),) * 4, None, hides_gpus=False)
    assert (places.slot(0, (0,)).cpus, places.slot(0, (0, 3)).cpus) == (2, 4)
    assert places.environment((0, 3))["OMP_NUM_THREADS"] == "4"
    given = Places(((),) * 4, 3, hides_gpus=False)
    assert given.environment((0, 3))["MKL_NUM_THREADS"] == "6"
    assert given.slot(0, (1, 2)).cpus == 6


def test_who_has_no_gpu_sees_none_where_the_user_says_so() -> None:
    assert "CUDA_VISIBLE_DEVICES" not in Places(((),), 1, hides_gpus=False).environment((0,))
    assert Places(((),), 1, hides_gpus=True).environment((0,))["CUDA_VISIBLE_DEVICES"] == ""


def test_the_processes_of_a_gang_share_its_processors() -> None:
    assert Places(((),) * 2, None, hides_gpus=False, processes=2).environment((0,))["OMP_NUM_THREADS"] == "2"
    given = Places(((),), 3, hides_gpus=False, processes=2)
    assert (given.environment((0,))["OMP_NUM_THREADS"], given.slot(0, (0,)).cpus) == ("3", 6)
