"""Who gets which GPU."""

from collections import Counter

import pytest

from rung.core.errors import SpecError
from rung.executors.processes.shares import capacity, check_share, shared_out

EIGHT = tuple("01234567")


def test_eight_gpus_hold_exactly_24_workers_of_three_tenths_and_no_share_is_split() -> None:
    shares = shared_out(EIGHT, 0.3, None)
    assert len(shares) == capacity(EIGHT, 0.3) == 24
    assert {len(share) for share in shares} == {1}
    assert Counter(shares) == {(name,): 3 for name in EIGHT}


def test_fewer_workers_than_the_gpus_hold_are_spread_over_all_of_them() -> None:
    assert shared_out(EIGHT, 0.3, 8) == tuple((name,) for name in EIGHT)


def test_several_gpus_of_a_worker_are_its_own() -> None:
    assert shared_out(EIGHT, 3, None) == (("0", "1", "2"), ("3", "4", "5"))
    assert shared_out(EIGHT, 1, 2) == (("0",), ("1",))


def test_without_a_share_workers_take_gpus_in_turn() -> None:
    assert shared_out(("a", "b"), None, 3) == (("a",), ("b",), ("a",))
    assert shared_out((), None, 2) == ((), ())


@pytest.mark.parametrize(
    ("gpus_per_worker", "workers"),
    [(0.5, 2), (1 / 3, 3), (0.34, 2), (0.1, 10), (1 / 49, 49), (0.6, 1), (1.0, 1)],
)
def test_a_gpu_holds_as_many_as_fit_and_rounding_costs_none(gpus_per_worker: float, workers: int) -> None:
    assert capacity(("0",), gpus_per_worker) == workers


@pytest.mark.parametrize(
    ("gpus", "gpus_per_worker", "workers", "sentence"),
    [
        (
            EIGHT,
            0.3,
            25,
            r"workers=25 with gpus_per_worker=0.3 do not fit: 8 GPUs \(0, 1, 2, 3, 4, 5, 6, 7\) hold 24, 3 on each. "
            r"Say workers=24, or leave workers out.",
        ),
        (("0", "1", "2"), 2, 2, r"3 GPUs \(0, 1, 2\) hold 1. Say workers=1"),
        (("GPU-a",), 2, None, r"gpus_per_worker=2 needs more GPUs than there are here: 1 GPU \(GPU-a\)"),
        ((), 0.5, 1, r"needs more GPUs than there are here: none. CUDA_VISIBLE_DEVICES and gpus= say"),
    ],
)
def test_more_than_the_gpus_hold_is_refused_in_a_sentence(
    gpus: tuple[str, ...], gpus_per_worker: float, workers: int | None, sentence: str
) -> None:
    with pytest.raises(SpecError, match=sentence):
        shared_out(gpus, gpus_per_worker, workers)


@pytest.mark.parametrize("given", [0, -1, 1.5, 0.001, float("nan"), float("inf"), True, "0.5"])
def test_a_share_is_of_one_gpu_or_a_number_of_whole_ones(given: float) -> None:
    with pytest.raises(
        SpecError, match=r"gpus_per_worker is a share of one GPU .* For workers without GPUs say gpus=\(\)"
    ):
        check_share(given)
