"""Open connections to PostgreSQL that end by themselves when the peer no longer answers."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from sqlalchemy.exc import DBAPIError

from kernel.json_codec import set_json_codec
from kernel.timeouts import CONNECT_SECONDS, Timeouts

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

# Prepared statements that a connection caches. It must exceed the number of the application's statements,
# otherwise PostgreSQL parses them repeatedly.
STATEMENT_CACHE_SIZE: Final = 500
# A peer that acknowledges nothing for this many seconds is considered dead: 4 + 2 x 2, below the ten seconds
# that the documentation promises.
DEAD_PEER_SECONDS: Final = 8
_KEEPALIVE: Final = {
    "TCP_KEEPIDLE": 4,
    "TCP_KEEPINTVL": 2,
    "TCP_KEEPCNT": 2,
    "TCP_USER_TIMEOUT": DEAD_PEER_SECONDS * 1_000,
}
# Keepalive on the server's side, so that a lost client does not hold its locks for hours.
_SERVER_KEEPALIVE: Final = (
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET "
    "tcp_keepalives_count = 3; SET tcp_user_timeout = 60000"
)


def libpq_url(url: URL) -> str:
    """Return the URL as libpq and asyncpg read it, password included."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


class WriteConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg brings no types
    """A connection of a write session; sends ``begin_statements`` together with the next BEGIN."""

    begin_statements = ""

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's own
        if self.begin_statements:  # the query is asyncpg's "BEGIN;", sent by ``begin``
            query, self.begin_statements = f"{query} {self.begin_statements}", ""
        status: str = await super().execute(query, *args, timeout=timeout)
        return status


def begin(connection: Connection, statements: str) -> None:
    """Begin a transaction and send ``statements`` (without parameters) with it, in one round trip.

    Raises DBAPIError when PostgreSQL refuses them.
    """
    adapted: Any = connection.connection.dbapi_connection
    adapted.driver_connection.begin_statements = statements
    try:
        # SQLAlchemy would begin with the first statement: one round trip later, and after its own statements
        adapted.run_async(lambda _: adapted._start_transaction())  # noqa: SLF001 - it has no other way to begin now
    except BaseException as error:
        # asyncpg treats a failed BEGIN as begun, so the connection is discarded
        connection.invalidate()
        if not isinstance(error, adapted.dbapi.Error):
            raise
        raise DBAPIError(statements, None, error, connection_invalidated=True) from error


async def connect(url: URL, timeouts: Timeouts) -> asyncpg.Connection[Any]:
    """Open a connection with these time-outs and our JSON codec.

    The time-outs are set by a statement, not as start-up parameters, which a pooler in session mode would
    refuse.
    """
    try:
        connection = await asyncpg.connect(
            libpq_url(url),
            timeout=CONNECT_SECONDS,
            command_timeout=timeouts.command,
            statement_cache_size=STATEMENT_CACHE_SIZE,
            connection_class=WriteConnection,
        )
    except FileNotFoundError as error:
        raise ConnectionRefusedError(f"PostgreSQL's socket is not there: {error.filename}") from error
    try:
        _enable_keepalive(connection)
        await connection.execute(f"{timeouts.set_statements()}; {_SERVER_KEEPALIVE}", timeout=CONNECT_SECONDS)
        await set_json_codec(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


def _enable_keepalive(connection: asyncpg.Connection[Any]) -> None:
    """Enable TCP keepalive, so that the operating system detects a dead peer; skip unknown options."""
    transport_socket = connection._transport.get_extra_info("socket")  # noqa: SLF001 - asyncpg has no option for it
    if transport_socket is None or transport_socket.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with socket.socket(
        fileno=os.dup(transport_socket.fileno())
    ) as raw_socket:  # the loop's socket object refuses options; this is the same socket
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            option = getattr(socket, name, None)
            if option is not None:
                raw_socket.setsockopt(socket.IPPROTO_TCP, option, value)
