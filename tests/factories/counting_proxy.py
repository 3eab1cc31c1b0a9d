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
class TrafficCounts:
    """What has gone over the wire: round trips, statements that had to be parsed first, and what was sent as
    text.
    """

    round_trips: int = 0
    parsed_statements: list[str] = field(default_factory=list)
    simple_queries: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)  # each statement that was run, prepared or text


@dataclass
class CountingProxy:
    """Where the proxy listens, and what goes through it."""

    port: int = 0
    counts: TrafficCounts = field(default_factory=TrafficCounts)

    def url(self, of: str) -> str:
        """The same URL of a database, through this wire."""
        head, _, rest = of.rpartition("@")
        return f"{head}@127.0.0.1:{self.port}/{rest.partition('/')[2]}"

    @contextlib.contextmanager
    def measure(self) -> Iterator[TrafficCounts]:
        """Count what goes through meanwhile."""
        self.counts = counts = TrafficCounts()
        yield counts
        self.counts = TrafficCounts()


class _MessageParser:
    """Reads what one client sends, message by message, across the pieces in which it comes."""

    def __init__(self, proxy: CountingProxy) -> None:
        self._proxy = proxy
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
                self._proxy.counts.simple_queries.append(body[:-1].decode())
                self._proxy.counts.statements.append(body[:-1].decode())
        elif kind == b"P":
            name, statement = body.split(b"\0")[:2]
            self._prepared[name] = statement.decode()
            self._proxy.counts.parsed_statements.append(statement.decode())
        elif kind == b"B":
            self._proxy.counts.statements.append(self._prepared[body.split(b"\0")[1]])
        if kind in b"QSH" and not self._listens:
            self._proxy.counts.round_trips += 1


@contextlib.asynccontextmanager
async def counting_proxy(url: str, delay: float = 0.0) -> AsyncIterator[CountingProxy]:
    """Open a proxy to the server of ``url``; what is sent waits for ``delay`` seconds in each direction."""
    host, _, port = url.rpartition("@")[2].partition("/")[0].partition(":")
    proxy = CountingProxy()
    open_ends: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(host, int(port))
        open_ends.update((writer, server_writer))
        client = _MessageParser(proxy)
        await asyncio.gather(
            _forward(reader, server_writer, delay, client), _forward(server_reader, writer, delay, None)
        )
        open_ends.difference_update((writer, server_writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for end in list(open_ends):
            end.close()


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, client: _MessageParser | None
) -> None:
    """Carry pieces in their order, each ``delay`` after it came, however many are on the way."""
    loop = asyncio.get_running_loop()
    in_flight: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, piece = await in_flight.get()
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
            in_flight.put_nowait((loop.time() + delay, piece))
            if not piece:
                break
    if delivering.done() is False:
        in_flight.put_nowait((0.0, b""))
    await delivering
