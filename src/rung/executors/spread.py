"""How the processes of a trial go over machines."""

from rung.core.errors import SpecError
from rung.core.resource import check_count


def check_spread(processes_per_trial: int, nodes_per_trial: int) -> None:
    """Raise unless each machine gets as many processes as every other one, and at least one.

    Raises:
        SpecError: If it does not.
    """
    check_count("processes_per_trial", processes_per_trial)
    check_count("nodes_per_trial", nodes_per_trial)
    if processes_per_trial % nodes_per_trial:
        raise SpecError(
            f"processes_per_trial={processes_per_trial} do not go evenly over nodes_per_trial={nodes_per_trial}: all "
            f"processes of a trial are counted. Say {nodes_per_trial}, one on each, or a multiple of it."
        )
