"""The wire to PostgreSQL: a proxy on the loopback that counts the round trips of each connection and, if
wanted, delays them.

A round trip is counted by PostgreSQL's own protocol: each message after which a client waits for an answer,
which is a simple query, a Sync or a Flush. Connecting and signing in send none of these; a listener, which
asks nothing for a request, is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

LISTEN = b"LISTEN"
SSL_REQUEST = 80877103


@dataclass
class Counted:
    """What has gone over the wire: round trips, statements that had to be parsed first, and what was sent as
    text.
    """

    trips: int = 0
    parsed: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # each statement that was run, prepared or text


@dataclass
class Wire:
    """Where the proxy listens, and what goes through it."""

    port: int = 0
    counted: Counted = field(default_factory=Counted)

    def url(self, of: str) -> str:
        """The same URL of a database, through this wire."""
        head, _, tail = of.rpartition("@")
        return f"{head}@127.0.0.1:{self.port}/{tail.partition('/')[2]}"

    @contextlib.contextmanager
    def counting(self) -> Iterator[Counted]:
        """Count what goes through meanwhile."""
        self.counted = counted = Counted()
        yield counted
        self.counted = Counted()


class _Client:
    """Reads what one client sends, message by message, across the pieces in which it comes."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._rest = b""
        self._started = False
        self._listens = False
        self._prepared: dict[bytes, str] = {}

    def read(self, piece: bytes) -> None:
        self._rest += piece
        while True:
            at = 1 if self._started else 0
            if len(self._rest) < at + 4:
                return
            length = int.from_bytes(self._rest[at : at + 4]) + at
            if len(self._rest) < length:
                return
            message, self._rest = self._rest[:length], self._rest[length:]
            if self._started:
                self._count(message[:1], message[5:])
            else:
                self._started = int.from_bytes(message[4:8]) != SSL_REQUEST

    def _count(self, kind: bytes, body: bytes) -> None:
        if kind == b"Q":
            self._listens = self._listens or body.startswith(LISTEN)
            if not self._listens:
                self._wire.counted.texts.append(body[:-1].decode())
                self._wire.counted.asked.append(body[:-1].decode())
        elif kind == b"P":
            name, statement = body.split(b"\0")[:2]
            self._prepared[name] = statement.decode()
            self._wire.counted.parsed.append(statement.decode())
        elif kind == b"B":
            self._wire.counted.asked.append(self._prepared[body.split(b"\0")[1]])
        if kind in b"QSH" and not self._listens:
            self._wire.counted.trips += 1


@contextlib.asynccontextmanager
async def wire_to(url: str, delay: float = 0.0) -> AsyncIterator[Wire]:
    """Open a proxy to the server of ``url``; what is sent waits for ``delay`` seconds in each direction."""
    host, _, port = url.rpartition("@")[2].partition("/")[0].partition(":")
    wire = Wire()
    open_ends: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(host, int(port))
        open_ends.update((writer, server_writer))
        client = _Client(wire)
        await asyncio.gather(
            _carry(reader, server_writer, delay, client), _carry(server_reader, writer, delay, None)
        )
        open_ends.difference_update((writer, server_writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for end in list(open_ends):
            end.close()


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, client: _Client | None
) -> None:
    """Carry pieces in their order, each ``delay`` after it came, however many are on the way."""
    loop = asyncio.get_running_loop()
    on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, piece = await on_the_way.get()
            if delay:
                await asyncio.sleep(max(0.0, due - loop.time()))
            if not piece:
                break
            writer.write(piece)
        writer.close()

    delivering = asyncio.create_task(deliver())
    with contextlib.suppress(ConnectionError):
        for _ in itertools.count():
            piece = await reader.read(65_536)
            if client is not None:
                client.read(piece)
            on_the_way.put_nowait((loop.time() + delay, piece))
            if not piece:
                break
    if delivering.done() is False:
        on_the_way.put_nowait((0.0, b""))
    await delivering
