"""A wire to a server that can be cut: a TCP proxy on the loopback interface."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class Wire:
    """Passes bytes on to a port; cuts itself when enough of them went to the server.

    Args:
        port: of the server, on this machine.
        cut_after: bytes to the server until the connection drops, without a word of goodbye.
        cuts: how often that happens; afterwards the wire holds. None: it is cut for good and
            refuses every new connection.
    """

    def __init__(self, port: int, cut_after: int, cuts: int | None = 1) -> None:
        self._target = ("127.0.0.1", port)
        self._cut_after, self._cuts = cut_after, cuts
        self.times_cut = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            pair = (client, server)
            for source, target, counted in ((client, server, True), (server, client, False)):
                threading.Thread(
                    target=self._pass, args=(source, target, pair, counted), daemon=True
                ).start()

    def _pass(
        self,
        source: socket.socket,
        target: socket.socket,
        pair: tuple[socket.socket, socket.socket],
        counted: bool,
    ) -> None:
        left = self._cut_after
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
                left -= len(data)
                if counted and left < 0 and (self._cuts is None or self.times_cut < self._cuts):
                    self.times_cut += 1
                    if self._cuts is None:
                        self.close()
                    break
        for end in pair:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        """Take no new connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
