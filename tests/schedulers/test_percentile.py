import math
import random

import numpy as np
import pytest

from rung.schedulers.percentile import Percentile


@pytest.mark.parametrize("percent", [1, 25, 50, 75, 99])
def test_a_percentile_of_a_growing_sample_is_that_of_numpy(percent: int) -> None:
    draws, sample, values = random.Random(percent), Percentile(percent), []
    for _ in range(200):
        values.append(float(draws.randrange(50)))
        sample.add(values[-1])
        assert sample.value() == pytest.approx(float(np.percentile(values, percent)))
        assert len(sample) == len(values)


def test_a_percentile_among_infinite_values_is_a_number() -> None:
    sample = Percentile(50)
    for value in (1.0, math.inf, math.inf, math.inf):
        sample.add(value)
    assert sample.value() == math.inf
