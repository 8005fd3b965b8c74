"""Over how many machines a trial may go."""

import pytest

from rung.core.errors import SpecError
from rung.executors.ray import Ray
from rung.executors.slurm import Slurm


@pytest.mark.parametrize("spec", [Ray, Slurm])
def test_processes_go_evenly_over_machines(spec: type[Ray] | type[Slurm]) -> None:
    assert spec(processes_per_trial=6, nodes_per_trial=3).nodes_per_trial == 3
    with pytest.raises(
        SpecError, match=r"processes_per_trial=1 do not go evenly over nodes_per_trial=2.* Say 2, one"
    ):
        spec(nodes_per_trial=2)
    with pytest.raises(SpecError, match="nodes_per_trial"):
        spec(nodes_per_trial=0)


def test_a_worker_that_owns_nothing_is_not_spread() -> None:
    with pytest.raises(SpecError, match="a worker that owns nothing has no place on several machines"):
        Ray(cpus=0, processes_per_trial=2, nodes_per_trial=2)
