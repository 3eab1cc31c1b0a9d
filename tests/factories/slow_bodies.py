"""Clients that announce a form's body and send almost none of it, from any number of loopback addresses."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Sequence

# Open files that a client and a proxy need for it, with a reserve.
OPEN_FILES = 12_000


def allow_open_files() -> None:
    """Raise this process's limit of open files (inherited by servers that it starts) as far as allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def networks(count: int) -> list[str]:
    """Return loopback addresses that no other client uses: each is a network of its own."""
    return [f"127.0.{1 + at // 250}.{1 + at % 250}" for at in range(count)]


class SlowBody:
    """A connection whose body never ends; ``status`` is the answer's, or 0 if it was closed without one."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.status: int | None = None
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        try:
            line = await self.reader.readline()
        except OSError:
            line = b""
        self.status = int(line.split()[1]) if line else 0

    async def close(self) -> None:
        self._watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watching
        self.writer.transport.abort()


async def open_slow_body(
    port: int, host: str, path: str, source: str, content_length: int = 1_000
) -> SlowBody:
    """Connect from ``source`` and send the head of a form and the first letter of its body."""
    connection = socket.socket()
    connection.setblocking(False)
    # the port is chosen at connect: else 1,500 of one address could not wait for theirs beside each other
    connection.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT, linux/in.h
    connection.bind((source, 0))
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connection)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nAccept: text/html\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {content_length}\r\n\r\n"
    )
    writer.write(head.encode() + b"i")
    return SlowBody(reader, writer)


@contextlib.asynccontextmanager
async def slow_bodies(
    port: int, host: str, path: str, sources: Sequence[str], each: int
) -> AsyncIterator[list[SlowBody]]:
    """Hold ``each`` slow bodies open from every address of ``sources``."""
    opened: list[SlowBody] = []
    try:
        for source in sources:
            opened += await asyncio.gather(*(open_slow_body(port, host, path, source) for _ in range(each)))
        yield opened
    finally:
        for body in opened:
            await body.close()
