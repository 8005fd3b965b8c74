"""A machine of its own for tests, as far as the network goes: a network namespace, whose cable can be pulled."""

import os
import shutil
import subprocess
from contextlib import suppress

from infra.servers import NotInstalledError

HERE, THERE = "10.213.77.1", "10.213.77.2"


class FarMachine:
    """What runs with `command` before it has the address THERE, and reaches us at HERE, while the cable is in."""

    def __init__(self) -> None:
        if shutil.which("ip") is None:
            raise NotInstalledError("ip is not there: apt install iproute2")
        if os.geteuid() != 0:
            raise NotInstalledError("only root can make a network namespace")
        self._name = f"rung{os.getpid()}"
        self._cable = f"rung{os.getpid() % 10**6}"
        self.command = ("ip", "netns", "exec", self._name)
        try:
            _ip("netns", "add", self._name)
            _ip("link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self._name)
            _ip("addr", "add", f"{HERE}/30", "dev", self._cable)
            _ip("link", "set", self._cable, "up")
            _ip("-n", self._name, "addr", "add", f"{THERE}/30", "dev", "eth0")
            _ip("-n", self._name, "link", "set", "eth0", "up")
            _ip("-n", self._name, "link", "set", "lo", "up")
        except BaseException:
            self.close()
            raise

    def pull_cable(self) -> None:
        """What is sent either way does not arrive."""
        _ip("-n", self._name, "link", "set", "eth0", "down")

    def plug_in(self) -> None:
        """What was lost is sent again, as TCP does."""
        _ip("-n", self._name, "link", "set", "eth0", "up")

    def close(self) -> None:
        """With the namespace its end of the cable vanishes, and so does the cable."""
        with suppress(subprocess.CalledProcessError):
            _ip("netns", "delete", self._name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
