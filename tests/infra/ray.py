"""A Ray cluster for tests, on the loopback, in a process of its own and ended with it; more nodes may join."""

import subprocess
import sys
from contextlib import suppress

import psutil

from infra.processes import outliving
from infra.servers import NotInstalledError

HEAD = """\
import sys
import ray

found = ray.init(
    address="local",
    num_cpus=2,
    include_dashboard=False,
    object_store_memory=100 * 2**20,
    _node_ip_address="127.0.0.1",
    log_to_driver=False,
    logging_level="error",
)
print(found.address_info["gcs_address"], flush=True)
sys.stdin.read()
"""
NODE = ("-c", "from ray.scripts.scripts import main; main()", "start", "--block", "--disable-usage-stats")
END_S = 20.0


class RayCluster:
    """Two processors; programs join it at `address`. What Ray does to signals stays out of this process."""

    def __init__(self) -> None:
        try:
            import ray  # noqa: F401
        except ImportError:
            raise NotInstalledError("ray is not installed") from None
        self._head = subprocess.Popen(
            [sys.executable, "-c", HEAD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._head.stdout is not None
        self.address = self._head.stdout.readline().strip()

    @property
    def processes(self) -> list[psutil.Process]:
        """Those of the cluster: its own, and the actors."""
        return psutil.Process(self._head.pid).children(recursive=True)

    def stop(self) -> None:
        """End it."""
        processes = self.processes
        self._head.communicate(timeout=END_S)
        for process in outliving(processes, END_S):
            process.kill()


class _Node:
    """A machine of a cluster, that can be lost."""

    def __init__(self, *options: str) -> None:
        room = ("--node-ip-address=127.0.0.1", f"--object-store-memory={100 * 2**20}")
        self._program = subprocess.Popen(
            [sys.executable, *NODE, *room, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._program.stdout is not None
        for line in self._program.stdout:
            if "Ray runtime started" in line:
                return
        raise RuntimeError(f"the node has not started: {self._program.wait()}")

    def kill(self) -> None:
        """End it as a loss of its power does, unless it is lost already."""
        if self._program.poll() is not None:
            return
        program = psutil.Process(self._program.pid)
        processes = [program, *program.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._program.communicate()
        outliving(processes, END_S)


class RayNode(_Node):
    """One more node of a cluster, with a processor."""

    def __init__(self, address: str) -> None:
        super().__init__(f"--address={address}", "--num-cpus=1")


class RayHead(_Node):
    """The head of a cluster of one node with two processors; one more may follow it at the same port.

    Attributes:
        address: Of the cluster.
    """

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        super().__init__("--head", f"--port={port}", "--num-cpus=2", "--include-dashboard=false")
