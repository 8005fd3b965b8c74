"""The machine that all measurements of this folder share, and one Ray on it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ray_here() -> Iterator[None]:
    """A Ray of two processors on the loopback, for as long as needed: rung and Ray Tune both join it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    ray.init(
        address="local",  # though another one may run on this machine
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        _node_ip_address="127.0.0.1",
        log_to_driver=False,
        logging_level="error",
    )
    try:
        yield
    finally:
        ray.shutdown()


def calibration() -> str:
    """How fast the machine is now, in words."""
    begun, cpu = time.perf_counter(), time.process_time()
    total = 0
    for number in range(10**7):
        total += number
    cpu, wall = time.process_time() - cpu, time.perf_counter() - begun
    return f"a loop of 10,000,000 additions in Python takes {cpu:.2f} s of a processor, {wall:.2f} s by the clock\n"
