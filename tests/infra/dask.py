"""A Dask cluster of processes for tests, on the loopback, ended by their process ids."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from infra.processes import outliving
from infra.servers import START_S, NotInstalledError


class DaskCluster:
    """A scheduler at `address`, and the workers that were started."""

    def __init__(self, folder: Path, workers: int = 0, host: str = "127.0.0.1") -> None:
        try:
            import distributed  # noqa: F401
        except ImportError:
            raise NotInstalledError("distributed is not installed") from None
        self._folder = folder
        self._host = host
        self._file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scheduler = self._start_scheduler(0)
        deadline = time.monotonic() + START_S
        while not (self._file.exists() and self._file.read_text().strip().endswith("}")):
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.02)
        self.address: str = json.loads(self._file.read_text())["address"]
        for _ in range(workers):
            self.start_worker()

    def restart_scheduler(self) -> None:
        """Kill it, with which its workers end, and start another at the same address."""
        self._scheduler.kill()
        self._scheduler.wait(20)
        for worker in self.workers:
            worker.wait(60)
        self._scheduler = self._start_scheduler(int(self.address.rpartition(":")[2]))

    def start_worker(self, host: str | None = None, within: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        """Start a worker with one thread; it joins when it is ready.

        Args:
            host: Its address, if not that of the scheduler.
            within: What stands before its command.
        """
        own = ["--nthreads", "1", "--no-nanny", "--host", host or self._host, "--death-timeout", "60"]
        self.workers.append(self._start("worker", self.address, *own, within=within))
        return self.workers[-1]

    @property
    def processes(self) -> list[psutil.Process]:
        """What its workers have started."""
        alive = [psutil.Process(worker.pid) for worker in self.workers if worker.poll() is None]
        return [child for worker in alive for child in worker.children(recursive=True)]

    def stop(self) -> None:
        """End them all."""
        for process in [*self.workers, self._scheduler]:
            with suppress(psutil.NoSuchProcess):
                children = psutil.Process(process.pid).children(recursive=True)
                process.kill()
                outliving(children, 20)
            process.wait(20)

    def _start_scheduler(self, port: int) -> "subprocess.Popen[bytes]":
        return self._start(
            "scheduler", "--host", self._host, "--port", str(port), "--scheduler-file", str(self._file)
        )

    def _start(self, kind: str, *options: str, within: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        command = [*within, sys.executable, "-m", f"distributed.cli.dask_{kind}", *options]
        with (self._folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                [*command, "--dashboard-address", "127.0.0.1:0"],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
