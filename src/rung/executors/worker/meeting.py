"""Where the machines of a gang meet: a port on the first one, and a secret by which both sides know each other.

The port outlives the gang that listens there. So the outposts of one that has ended come back and wait at the port for
the next one, and find out by themselves when there will be none. After the greeting nothing is encrypted.
"""

import hmac
import secrets
import socket
import time
from contextlib import suppress

CONNECT_S = 30.0
TOKEN = "RUNG_GANG_TOKEN"
"""The environment variable in which a gang's process finds the secret."""

GREETING_S = 5.0  # for all of it, so that a stranger cannot hold up the others
GONE_S = 30  # a machine that does not even acknowledge for so long is cut off
_SIZE = 32
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4, "TCP_USER_TIMEOUT": GONE_S * 1000}


class Meeting:
    """A port, open to all machines that reach this one.

    Args:
        outposts: How many machines come here.

    Attributes:
        outposts: As above.
        token: The secret.
        listener: The socket of the port; each gang's process inherits it.
    """

    def __init__(self, outposts: int) -> None:
        self.outposts = outposts
        self.token = secrets.token_hex(_SIZE)
        self.listener = socket.create_server(("", 0), backlog=max(16, 2 * outposts))

    @property
    def port(self) -> int:
        """Its number."""
        return int(self.listener.getsockname()[1])

    def close(self) -> None:
        """Whoever comes or waits here learns that there will be no gang any more."""
        self.listener.close()


def admitted(listener: socket.socket, token: str) -> socket.socket:
    """The next one who knows the secret; others are sent away."""
    while True:
        link, _ = listener.accept()
        with suppress(OSError):
            if _is_known(link, token, time.monotonic() + GREETING_S):
                return _kept_alive(link)
        link.close()


def joined(host: str, port: int, token: str) -> socket.socket:
    """A connection to the gang at this port; waits until there is one.

    Raises:
        OSError: If the port is closed or out of reach, or who listens there does not know the secret.
    """
    link = _kept_alive(socket.create_connection((host, port), CONNECT_S))
    try:
        theirs = _exactly(link, None)
        mine = secrets.token_bytes(_SIZE)
        link.sendall(mine + _proof(token, b"outpost", theirs, mine))
        if not hmac.compare_digest(_exactly(link, None), _proof(token, b"gang", mine, theirs)):
            raise ConnectionError("who listens there does not know the secret of the gang")
    except OSError:
        link.close()
        raise
    return link


def _is_known(link: socket.socket, token: str, until: float) -> bool:
    """Whether the other side knows the secret; if so, it learns that we do, too."""
    mine = secrets.token_bytes(_SIZE)
    link.settimeout(GREETING_S)
    link.sendall(mine)
    theirs, proof = _exactly(link, until), _exactly(link, until)
    if not hmac.compare_digest(proof, _proof(token, b"outpost", mine, theirs)):
        return False
    link.sendall(_proof(token, b"gang", theirs, mine))
    return True


def _exactly(link: socket.socket, until: float | None) -> bytes:
    """The next bytes of one message of the greeting, at the latest at a time of the monotonic clock."""
    data = b""
    while len(data) < _SIZE:
        link.settimeout(None if until is None else max(0.001, until - time.monotonic()))
        more = link.recv(_SIZE - len(data))
        if not more:
            raise ConnectionError("the connection was closed")
        data += more
    return data


def _proof(token: str, side: bytes, asked: bytes, asking: bytes) -> bytes:
    """That this side knows the secret, for nobody else and no other time."""
    return hmac.digest(token.encode(), side + asked + asking, "sha256")


def _kept_alive(link: socket.socket) -> socket.socket:
    """The same connection, which blocks, and ends when the other machine is gone without a word."""
    link.settimeout(None)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # Linux
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return link
