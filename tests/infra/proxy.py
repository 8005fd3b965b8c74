"""A TCP proxy on loopback that cuts connections where a test wants it."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK = 1 << 16


class Proxy:
    """Stands before a server.

    Attributes:
        port: Where it listens.
        allowance: Asked at each new connection how many bytes may pass to the client until both sides are cut off;
            None: any number.
        n_cut: How many connections it has cut.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.allowance: Callable[[], int | None] = lambda: None
        self.n_cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take no more connections; those that are open end with their client."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for source, sink, allowed in ((client, server, None), (server, client, self.allowance())):
                    threading.Thread(target=self._pump, args=(source, sink, allowed), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, allowed: int | None) -> None:
        with suppress(OSError):  # one side is gone
            while data := source.recv(CHUNK):
                if allowed is not None and len(data) >= allowed:
                    sink.sendall(data[:allowed])
                    self.n_cut += 1
                    break
                sink.sendall(data)
                allowed = None if allowed is None else allowed - len(data)
        for each in (source, sink):
            with suppress(OSError):  # it is shut already
                each.shutdown(socket.SHUT_RDWR)
        source.close()  # the other pump closes its own
