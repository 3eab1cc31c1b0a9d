"""Clients that announce the body of a form and send almost nothing of it, from as many loopback addresses as
are asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Sequence

# What a client and a proxy between need of it, with room to spare.
OPEN_FILES = 12_000


def allow_open_files() -> None:
    """Raise this process's own limit (and by inheritance that of the servers it starts) as far as the system
    lets it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def networks(count: int) -> list[str]:
    """Addresses of this machine that no other client has: each is a network of its own."""
    return [f"127.0.{1 + at // 250}.{1 + at % 250}" for at in range(count)]


class SlowBody:
    """One connection whose body never ends; ``status`` once it was answered, 0 once it was closed without an
    answer.
    """

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
    """Open a connection from ``source`` and send the head of a form and the first letter of its body."""
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
