"""How long each kind of work may take at the database.

Each pool sets its own on its connections, never on the role (ADR 28).
"""

from __future__ import annotations

import msgspec

# Until a connection stands. With a statement's own end below, whoever meets a silent server has an answer
# within ten seconds.
CONNECT_SECONDS = 4.0
# How much later than PostgreSQL the driver gives a statement up: PostgreSQL's own refusal says more and keeps
# the connection.
DRIVER_SECONDS = 1.0


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds; 0 means without end.

    ``statement``: one statement. ``lock``: waiting for one lock. ``idle``: doing nothing inside a
    transaction. ``connection``: waiting for a free connection of the pool.
    """

    statement: float
    lock: float
    idle: float
    connection: float

    @property
    def command(self) -> float | None:
        """When the driver gives a statement up whose answer does not come, silent connections included; None
        for never.
        """
        return self.statement + DRIVER_SECONDS if self.statement else None

    def set_statements(self, *, local: bool = False) -> str:
        """The statements that set these for a connection, or for its running transaction alone."""
        command = "SET LOCAL" if local else "SET"
        return (
            f"{command} statement_timeout = {_milliseconds(self.statement)}; {command} lock_timeout = "
            f"{_milliseconds(self.lock)};"
            f" {command} idle_in_transaction_session_timeout = {_milliseconds(self.idle)}"
        )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1_000)


# Pages, for those who write and those who read.
WEB = Timeouts(statement=8, lock=5, idle=20, connection=5)
# Work that people wait for knowingly. It has a pool of its own, so that it takes no connection from pages.
EXPORT = Timeouts(statement=120, lock=5, idle=120, connection=10)
IMPORT = Timeouts(statement=120, lock=10, idle=300, connection=10)
SHU_RUN = Timeouts(statement=120, lock=10, idle=120, connection=10)
LONG = Timeouts(
    statement=120, lock=10, idle=300, connection=10
)  # what that pool itself is opened with: the largest of each
# Jobs of the worker, and commands that somebody started by hand.
JOBS = Timeouts(statement=60, lock=10, idle=120, connection=20)
COMMANDS = Timeouts(statement=3_600, lock=30, idle=3_600, connection=60)
# The worker's own looks into the queue; the notifier idles for ever, outside any transaction.
BROKER = Timeouts(statement=30, lock=10, idle=60, connection=10)
# Migrations take as long as they take; what they lock, they say themselves (tenants/migrator.py).
UNLIMITED = Timeouts(statement=0, lock=0, idle=0, connection=10)
