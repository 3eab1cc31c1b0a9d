"""A proxy to PostgreSQL that can go silent like a lost route: it accepts bytes and forwards nothing."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class SilentProxy:
    """Forwards bytes both ways on threads of its own, until ``silent`` is set."""

    def __init__(self, target: int) -> None:
        self.silent = False
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65_536):
                if not self.silent:
                    sink.sendall(part)
            if not self.silent:
                sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def silent_proxy(target: int) -> Iterator[SilentProxy]:
    proxy = SilentProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
