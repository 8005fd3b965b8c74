"""Database servers of their own for tests, on the loopback: made in a temporary folder, ended by their process id.

A test skips where a server is not installed; in continuous integration that is an error.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_S = 60.0


class NotInstalledError(Exception):
    """The server's programs are not on this machine; the message names the package."""


class Postgresql:
    """A PostgreSQL server with one superuser `postgres`, who needs no password; see `passwords`."""

    package = "postgresql"

    def __init__(self, durable: bool = False) -> None:
        self._programs = _folder_of("initdb", "/usr/lib/postgresql/*/bin", self.package)
        self.folder, self._user = _folder_for("postgres")
        self.port = free_port()
        self._options = "" if durable else "-c fsync=off"
        sync = [] if durable else ["--no-sync"]
        data = ["-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", *sync]
        self._run("initdb", *data, "-E", "UTF8", "--locale=C.UTF-8")
        self.start()

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """Where rung finds it."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -c unix_socket_directories={self.folder}"
        log = str(self.folder / "log")
        self._control("-l", log, "-w", "-t", "60", "-o", f"{options} {self._options}", "start")

    def stop(self) -> None:
        """Stop it at once, as a crash would; what it called durable comes back with `start`."""
        self._control("-m", "immediate", "-w", "stop")

    def close(self) -> None:
        """End it and delete its folder."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, statement: str) -> None:
        """Have `postgres` execute a statement."""
        self._run(
            "psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-c", statement
        )

    def passwords(self) -> None:
        """From now on, everybody but `postgres` needs a password."""
        rules = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (self.folder / "data" / "pg_hba.conf").write_text(rules)
        self._control("reload")

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits its output: a pipe would never end.
        with (self.folder / "out").open("ab") as out:
            done = subprocess.run(
                [self._programs / program, *arguments],
                check=False,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                **_as(self._user),
            )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(self.folder / 'out').read_text()[-2000:]}")


class Mariadb:
    """A MariaDB server with one superuser `root`, who needs no password."""

    package = "mariadb-server"

    def __init__(self, durable: bool = False) -> None:
        self._server = _folder_of("mariadbd", "/usr/sbin", self.package) / "mariadbd"
        install = _folder_of("mariadb-install-db", "/usr/bin", self.package) / "mariadb-install-db"
        self.folder, self._user = _folder_for("mysql")
        self.port = free_port()
        self._flush = "1" if durable else "2"  # 2: survives the end of the server, not of the machine
        user = [f"--user={self._user}"] if self._user else []
        options = ["--no-defaults", *user, f"--datadir={self.folder / 'data'}", "--skip-test-db"]
        with (self.folder / "out").open("ab") as out:
            command = [install, *options, "--auth-root-authentication-method=normal"]
            subprocess.run(command, check=True, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def url(self, database: str = "mysql", user: str = "root") -> str:
        """Where rung finds it."""
        return f"mysql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [
            "--no-defaults",
            *([f"--user={self._user}"] if self._user else []),
            f"--datadir={self.folder / 'data'}",
            f"--tmpdir={self.folder}",  # of its own: a server that starts deletes what others have in a common one
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self.folder / 'socket'}",
            "--innodb-buffer-pool-size=64M",
            f"--innodb-flush-log-at-trx-commit={self._flush}",
        ]
        with (self.folder / "out").open("ab") as out:
            self._process = subprocess.Popen(
                [self._server, *options], stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        _wait_until_it_listens(self.port, self._process, self.folder / "out")

    def stop(self) -> None:
        """End it at once, as a crash would; what it called durable comes back with `start`."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(START_S)
        self._process = None

    def close(self) -> None:
        """End it and delete its folder."""
        if self._process is not None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _folder_of(program: str, pattern: str, package: str) -> Path:
    """The folder that holds a program, the newest of several."""
    folders = sorted(Path("/").glob(pattern.removeprefix("/")), key=lambda path: path.as_posix())
    found = [folder for folder in folders if (folder / program).exists()]
    on_path = shutil.which(program)
    if not found and on_path is not None:
        found.append(Path(on_path).parent)
    if not found:
        raise NotInstalledError(f"{program} is not installed: apt-get install {package}")
    return found[-1]


def _folder_for(user: str) -> tuple[Path, str | None]:
    """A new folder, and the user who owns it: root may not run a server, others run it themselves."""
    folder = Path(tempfile.mkdtemp(prefix="rung-server-", dir="/tmp"))
    if os.geteuid() != 0:
        return folder, None
    account = pwd.getpwnam(user)
    os.chown(folder, account.pw_uid, account.pw_gid)
    return folder, user


def _as(user: str | None) -> dict[str, object]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_listens(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.02)  # there is nothing to wait on but the port
        else:
            return
