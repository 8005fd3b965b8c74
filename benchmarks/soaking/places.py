"""Places: databases, buckets and small disks for the rounds of a soak, made once and closed at its end."""

import importlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
from sqlalchemy import Engine, create_engine, text

from infra.servers import Mariadb, NotInstalledError, Postgresql

STORES = ("sqlite", "postgresql", "mysql")
START_S = 60.0
SMALL_DISK = "48m"

_CUT = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = '{database}'",
}


class Server:
    """A database server, with a database for each round."""

    def __init__(self, kind: str) -> None:
        """Start it.

        Raises:
            NotInstalledError: If it is not on this machine.
            ImportError: If the package that speaks to it is not installed.
        """
        importlib.import_module("psycopg" if kind == "postgresql" else "pymysql")
        self.kind = kind
        self._server = Postgresql() if kind == "postgresql" else Mariadb()

    def url(self, database: str) -> str:
        """A new, empty database."""
        with self._engine() as engine, engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {database}"))
        return self._server.url(database)

    def drop(self, database: str) -> None:
        """Delete a database."""
        self.cut(database)
        with self._engine() as engine, engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {database}"))

    def stop(self) -> None:
        """As a crash would."""
        self._server.stop()

    def start(self) -> None:
        """Start it again."""
        self._server.start()

    def cut(self, database: str) -> int:
        """End every connection to a database; how many there were."""
        with self._engine() as engine, engine.connect() as connection:
            found = connection.execute(text(_CUT[self.kind].format(database=database))).fetchall()
            if self.kind == "mysql":
                for (number,) in found:
                    with suppress(Exception):  # it has ended by itself
                        connection.execute(text(f"KILL {number}"))
        return len(found)

    def close(self) -> None:
        """End it and delete its files."""
        self._server.close()

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        url = self._server.url().replace("postgresql://", "postgresql+psycopg://")
        engine = create_engine(url.replace("mysql://", "mysql+pymysql://"), isolation_level="AUTOCOMMIT")
        try:
            yield engine
        finally:
            engine.dispose()


class Bucket:
    """An S3 server on loopback, which keeps everything in memory."""

    def __init__(self) -> None:
        """Start it.

        Raises:
            ImportError: If moto or s3fs is not installed.
        """
        for name in ("moto.server", "s3fs"):
            importlib.import_module(name)

        address = f"http://127.0.0.1:{(port := _free_port())}"
        program = "import sys; from moto.server import main; main(sys.argv[1:])"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.environment = {
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": address,
        }
        os.environ.update(self.environment)
        self._wait(f"{address}/moto-api/")
        import fsspec

        fsspec.filesystem("s3").mkdir("soak")

    def url(self, folder: str) -> str:
        """A place that is empty."""
        return f"s3://soak/{folder}"

    def pause(self, seconds: float) -> None:
        """Let nothing be answered for a while."""
        process = psutil.Process(self._process.pid)
        process.suspend()
        time.sleep(seconds)
        process.resume()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _wait(self, url: str) -> None:
        deadline = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(url, timeout=5):
                return
            time.sleep(0.05)  # there is nothing to wait on but the port
        raise RuntimeError(f"moto's server does not answer at {url}")


class World:
    """All there is on this machine to break.

    Attributes:
        servers: The database servers, by kind.
        bucket: The S3 server, or None.
        may_mount: Whether small file systems can be mounted.
        missing: What is not there, in words.
    """

    def __init__(self, stores: list[str], *, s3: bool = True) -> None:
        self.servers: dict[str, Server] = {}
        self.bucket: Bucket | None = None
        self.missing: list[str] = []
        self._stack = ExitStack()
        for kind in stores:
            if kind != "sqlite":
                self._start(kind)
        if s3:
            self._start_bucket()
        self.may_mount = _may_mount()
        if not self.may_mount:
            self.missing.append("no disk is filled: only root may mount a small one")

    def _start(self, kind: str) -> None:
        try:
            server = Server(kind)
        except (NotInstalledError, ImportError) as error:
            self.missing.append(f"no {kind}: {error}")
            return
        self._stack.callback(server.close)
        self.servers[kind] = server

    def _start_bucket(self) -> None:
        try:
            self.bucket = Bucket()
        except ImportError as error:
            self.missing.append(f"no S3 server: {error}")
            return
        self._stack.callback(self.bucket.close)

    @property
    def buckets(self) -> tuple[str, ...]:
        """Kinds of places for checkpoints, beside a folder."""
        return ("local", "s3") if self.bucket else ("local",)

    def close(self) -> None:
        """End all servers."""
        self._stack.close()


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A folder that is a small file system of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "soak", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def _may_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder)):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
