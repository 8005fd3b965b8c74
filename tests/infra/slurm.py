"""A Slurm cluster of its own for tests, on the loopback: several nodes on one machine, ended by their process ids.

It needs root, but no systemd and no file outside of its folder. GPUs are pretended: Slurm hands out devices that are
all as /dev/null, and says in CUDA_VISIBLE_DEVICES which.
"""

import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.servers import START_S, NotInstalledError

PACKAGES = "slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins"
END_S = 20.0


@dataclass(frozen=True, slots=True)
class SlurmJob:
    """A line of the queue, in Slurm's words; `node` is empty while it waits."""

    number: int
    state: str
    node: str
    why: str
    name: str


class SlurmCluster:
    """Nodes n1, n2 … with `cpus` processors and `gpus` pretended GPUs each; Slurm's commands find it by `environment`.

    A dead node is noticed after some seconds, and its jobs go back into the queue.
    """

    def __init__(self, folder: Path, nodes: int = 2, cpus: int = 2, gpus: int = 0) -> None:
        for program in ("munged", "slurmctld", "slurmd", "sbatch"):
            _program(program)
        if os.geteuid() != 0:
            raise NotInstalledError("only root can start a Slurm cluster")
        self.folder = folder.resolve()
        self.nodes = tuple(f"n{number}" for number in range(1, nodes + 1))
        self.environment = {"SLURM_CONF": str(self.folder / "slurm.conf")}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        _write(self.folder, self.nodes, cpus, gpus)
        with ExitStack() as stack:
            stack.callback(self.stop)
            self._start()
            stack.pop_all()

    def start_node(self, name: str) -> None:
        """Start a node and wait until it takes jobs."""
        self._launch(name, "slurmd", "-D", "-N", name)
        self._wait_until(lambda: self._state(name) in ("idle", "mixed", "allocated"), f"{name} starts")

    def kill_node(self, name: str) -> None:
        """End a node as a loss of its power does: its daemon, and all that runs in its jobs, by SIGKILL."""
        self._end(name, signal.SIGKILL)
        self._kill_jobs(name)

    def give_up_node(self, name: str) -> None:
        """Have the cluster know at once that a node is dead, as those who look after one tell it."""
        self.command("scontrol", "update", f"NodeName={name}", "State=DOWN", "Reason=dead")

    @contextmanager
    def granting_nothing(self) -> Iterator[None]:
        """Jobs wait, as when the cluster is full; those that run go on."""
        self.command("scontrol", "update", "PartitionName=main", "State=DOWN")
        try:
            yield
        finally:
            self.command("scontrol", "update", "PartitionName=main", "State=UP")

    def submit(self, script: str, *options: str) -> int:
        """Have a shell script run as a job that writes into `output`; returns its number."""
        place = [f"--chdir={self.folder}", f"--output={self.output('%j')}", "--open-mode=append"]
        return int(self.command("sbatch", "--parsable", *place, *options, text=f"#!/bin/sh\n{script}\n"))

    def output(self, job: int | str) -> Path:
        """What a job of `submit` has written, in all of its runs."""
        return self.folder / "log" / f"job-{job}"

    def jobs(self) -> dict[int, SlurmJob]:
        """Jobs that wait or run, and those that ended in the last minutes, by their number."""
        lines = self.command("squeue", "--noheader", "--states=all", "--format=%A|%T|%N|%r|%j").splitlines()
        found = [SlurmJob(int(number), *rest) for number, *rest in (line.split("|", 4) for line in lines)]
        return {job.number: job for job in found}

    def hasten(self, job: int) -> None:
        """Have a job that is put back into the queue wait for a free node only, not for its time as well.

        But for the next second: a node refuses ("Job credential revoked") what was granted in the second in which it
        was told to end the run before, and then the job has failed.
        """
        self._wait_until(lambda: self.jobs()[job].state == "PENDING", f"job {job} is back in the queue")
        start = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(int(time.time()) + 1))
        self._wait_until(lambda: self._has_left_the_queue(job, start), f"job {job} starts again")

    def requeue(self, job: int) -> None:
        """End a running job and have it start anew."""
        self.command("scontrol", "requeue", str(job))
        self.hasten(job)

    def _has_left_the_queue(self, job: int, start: str) -> bool:
        """Say it again and again: while the job's first run still ends, Slurm sets its time anew."""
        if self.jobs()[job].state != "PENDING":
            return True
        with suppress(RuntimeError):  # it has just started
            self.command("scontrol", "update", f"JobId={job}", f"StartTime={start}")
        return False

    def processes(self) -> list[psutil.Process]:
        """What runs in jobs."""
        return list({process for node in self.nodes for process in _processes_of_jobs(self.folder, node)})

    def cancel(self, *jobs: int) -> None:
        """End jobs."""
        self.command("scancel", *map(str, jobs))

    def stop(self) -> None:
        """End the jobs, then every process that was started here."""
        with suppress(RuntimeError, subprocess.SubprocessError):
            self._cancel_all()
        for name in [*self._processes][::-1]:
            self._end(name, signal.SIGTERM)
        for name in self.nodes:
            self._kill_jobs(name)

    def command(self, *words: str, text: str | None = None) -> str:
        """What a command of Slurm prints, in this cluster."""
        environment = os.environ | self.environment
        done = subprocess.run(
            words, input=text, env=environment, check=False, capture_output=True, text=True, timeout=START_S
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def _start(self) -> None:
        munge = [f"--key-file={self.folder}/munge/key", f"--seed-file={self.folder}/munge/seed"]
        munge += [f"--socket={self.folder}/munge/socket", f"--pid-file={self.folder}/munge/pid"]
        self._launch("munge", "munged", "--foreground", "--force", *munge)
        self._wait_until((self.folder / "munge" / "socket").is_socket, "munged starts")
        self._launch("server", "slurmctld", "-D")
        for name in self.nodes:
            self._launch(name, "slurmd", "-D", "-N", name)
        self._wait_until(lambda: {self._state(name) for name in self.nodes} == {"idle"}, "all nodes are idle")

    def _cancel_all(self) -> None:
        if "server" not in self._processes:
            return
        self.command("scancel", "--user=root")
        self._wait_until(lambda: not self.command("squeue", "--noheader"), "its jobs end")

    def _launch(self, name: str, program: str, *options: str) -> None:
        environment = os.environ | self.environment
        # each in its own folder, which tells of what it starts whose it is
        with (self.folder / "log" / name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [_program(program), *options],
                env=environment,
                cwd=self.folder / name,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _end(self, name: str, number: signal.Signals) -> None:
        process = self._processes.pop(name, None)
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _kill_jobs(self, node: str) -> None:
        """Until nothing is left: what is ended last may have started more."""
        self._wait_until(lambda: not _kill(_processes_of_jobs(self.folder, node)), f"jobs on {node} end")

    def _state(self, name: str) -> str:
        """In Slurm's words, with a mark if it does not answer."""
        with suppress(RuntimeError):
            return self.command("sinfo", "--noheader", f"--nodes={name}", "--format=%T").strip()
        return ""

    def _wait_until(self, happened: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + START_S
        while not happened():
            broken = [name for name, process in self._processes.items() if process.poll() is not None]
            if broken or time.monotonic() > end:
                logs = [
                    (self.folder / "log" / name).read_text()[-1000:] for name in broken or self._processes
                ]
                raise RuntimeError(f"waited in vain until {what}: {logs}")
            time.sleep(0.05)  # there is nothing to wait on but its answers


def _program(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        raise NotInstalledError(f"{name} is not installed: apt-get install {PACKAGES}")
    return path


def _write(folder: Path, nodes: tuple[str, ...], cpus: int, gpus: int) -> None:
    """Make the cluster's folder, with its configuration."""
    for name in ("log", "munge", "server", *nodes):
        (folder / name).mkdir(parents=True)
    key = folder / "munge" / "key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    (folder / "munge").chmod(0o700)
    lines = [*_settings(folder), *_node_lines(nodes, cpus, gpus)]
    if gpus:
        devices = [folder / f"gpu{number}" for number in range(gpus)]
        for device in devices:
            os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 3))  # as /dev/null
        (folder / "gres.conf").write_text("".join(f"Name=gpu File={device}\n" for device in devices))
        lines.append("GresTypes=gpu")
    (folder / "slurm.conf").write_text("\n".join(lines) + "\n")


def _settings(folder: Path) -> Iterator[str]:
    settings = {
        "ClusterName": "tests",
        "SlurmUser": "root",
        "SlurmdUser": "root",
        "AuthType": "auth/munge",
        "CredType": "cred/munge",
        # a job that was put back waits until its credentials have expired, by default two minutes
        "AuthInfo": f"socket={folder}/munge/socket,cred_expire=10",
        "StateSaveLocation": f"{folder}/server/state",
        "SlurmdSpoolDir": f"{folder}/%n/spool",
        "SlurmctldPidFile": f"{folder}/server/pid",
        "SlurmdPidFile": f"{folder}/%n/pid",
        "MpiDefault": "none",
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "SwitchType": "switch/none",
        "JobAcctGatherType": "jobacct_gather/none",
        "AccountingStorageType": "accounting_storage/none",
        "JobCompType": "jobcomp/none",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_CPU",
        "SchedulerType": "sched/backfill",
        "SchedulerParameters": "batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1",
        "SlurmdParameters": "config_overrides",  # a node has what it says, whatever the machine has
        "ReturnToService": 2,  # a node that was lost and is back takes jobs
        "KillWait": 2,
        "SlurmdTimeout": 4,
        "MessageTimeout": 3,
        "MinJobAge": 300,
    }
    return (f"{name}={value}" for name, value in settings.items())


def _node_lines(nodes: tuple[str, ...], cpus: int, gpus: int) -> Iterator[str]:
    server, *ports = _free_ports(1 + len(nodes))
    yield f"SlurmctldHost={socket.gethostname().split('.')[0]}(127.0.0.1)"
    yield f"SlurmctldPort={server}"
    has = f"CPUs={cpus} RealMemory=16000" + (f" Gres=gpu:{gpus}" if gpus else "")
    for name, port in zip(nodes, ports, strict=True):
        yield f"NodeName={name} NodeHostname={name} NodeAddr=127.0.0.1 Port={port} {has} State=UNKNOWN"
    yield "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP"


def _free_ports(n: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(n)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _processes_of_jobs(folder: Path, node: str) -> list[psutil.Process]:
    """What runs in jobs on a node, first the watchers that would tell the cluster of an end."""
    watchers, others = [], []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "slurmstepd" and Path(process.cwd()) == folder / node:
                watchers.append(process)
                others += process.children(recursive=True)
            elif _is_of_job(process.environ(), folder, node):
                others.append(process)
    return watchers + others


def _is_of_job(environment: dict[str, str], folder: Path, node: str) -> bool:
    where = environment.get("SLURM_CONF"), environment.get("SLURMD_NODENAME")
    return where == (str(folder / "slurm.conf"), node)


def _kill(processes: Iterable[psutil.Process]) -> int:
    """End processes; returns how many there were."""
    n = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
            n += 1
    return n
