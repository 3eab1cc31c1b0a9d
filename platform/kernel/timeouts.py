"""Database time-outs for each kind of work.

Each pool sets its time-outs on its connections, never on the role (ADR 28).
"""

from __future__ import annotations

import msgspec

# Maximum seconds to open a connection. Together with the statement time-outs below, a page gets an error
# from a silent server within ten seconds.
CONNECT_SECONDS = 4.0
# Seconds by which the driver's time-out is longer than PostgreSQL's: PostgreSQL's error is more precise, and
# the connection remains usable.
DRIVER_SECONDS = 1.0


class Timeouts(msgspec.Struct, frozen=True):
    """Time-outs in seconds; 0 means no limit.

    ``statement``: one statement. ``lock``: waiting for one lock. ``idle``: doing nothing inside a
    transaction. ``connection``: waiting for a free connection of the pool.
    """

    statement: float
    lock: float
    idle: float
    connection: float

    @property
    def command(self) -> float | None:
        """The driver's time-out of a statement in seconds, also for silent connections; None: no limit."""
        return self.statement + DRIVER_SECONDS if self.statement else None

    def set_statements(self, *, local: bool = False) -> str:
        """Return the SQL that sets these for a connection, or (``local``) for its running transaction."""
        command = "SET LOCAL" if local else "SET"
        return (
            f"{command} statement_timeout = {_milliseconds(self.statement)}; {command} lock_timeout = "
            f"{_milliseconds(self.lock)};"
            f" {command} idle_in_transaction_session_timeout = {_milliseconds(self.idle)}"
        )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1_000)


# Pages, for write and read sessions.
WEB = Timeouts(statement=8, lock=5, idle=20, connection=5)
# Long-running work. It has a separate pool, so that it takes no connection from pages.
EXPORT = Timeouts(statement=120, lock=5, idle=120, connection=10)
IMPORT = Timeouts(statement=120, lock=10, idle=300, connection=10)
SHU_RUN = Timeouts(statement=120, lock=10, idle=120, connection=10)
LONG = Timeouts(
    statement=120, lock=10, idle=300, connection=10
)  # the defaults of that pool: the largest of each
# Jobs of the worker, and commands.
JOBS = Timeouts(statement=60, lock=10, idle=120, connection=20)
COMMANDS = Timeouts(statement=3_600, lock=30, idle=3_600, connection=60)
# The worker's queries of the queue; the notifier idles without a limit, outside any transaction.
BROKER = Timeouts(statement=30, lock=10, idle=60, connection=10)
# Migrations have no limit; they set their own lock time-out (tenants/migrator.py).
UNLIMITED = Timeouts(statement=0, lock=0, idle=0, connection=10)
