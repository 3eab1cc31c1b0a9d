"""Distinguish an unavailable, full or slow database, after which a retry helps, from a bug."""

from __future__ import annotations

import errno
import socket
import sys
from typing import Final, Literal

import asyncpg
import sqlalchemy.exc

from kernel.fair_semaphore import PoolExhausted

# "away": the server cannot be reached, or the connection was lost. "full": no connection became free. "slow":
# a statement reached its time-out.
UnavailableReason = Literal["away", "full", "slow"]

UNIQUE_VIOLATION: Final = "23505"
_TOO_MANY_CONNECTIONS: Final = "53300"
_STATES: Final[dict[str, UnavailableReason]] = {
    "57P01": "away",  # it is shutting down
    "57P02": "away",  # it crashed
    "57P03": "away",  # it is starting
    "57P05": "away",
    "3D000": "away",  # the database does not exist
    _TOO_MANY_CONNECTIONS: "full",
    "57014": "slow",
    "25P03": "slow",
}
# Classes of failed connections and of refused logins.
_CLASSES: Final = ("08", "28")
_NETWORK: Final = frozenset(
    {
        errno.ECONNREFUSED,
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.EHOSTUNREACH,
        errno.EHOSTDOWN,
        errno.ETIMEDOUT,
        errno.EPIPE,
    }
)


def unavailable_reason(error: BaseException) -> UnavailableReason | None:
    """Return why the database could not serve, or None for any other failure."""
    if isinstance(error, BaseExceptionGroup):
        reasons = [unavailable_reason(each) for each in error.exceptions]
        return reasons[0] if all(reasons) else None
    if isinstance(error, PoolExhausted):
        return "full"
    state = get_sqlstate(error)
    if state is not None:
        return _STATES.get(state) or ("away" if state.startswith(_CLASSES) else None)
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        inner_reason = unavailable_reason(error.orig) if error.orig is not None else None
        return inner_reason or ("away" if error.connection_invalidated else None)
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return "full"
    return "away" if _is_lost_connection(error) else None


def get_sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error of asyncpg or SQLAlchemy, or None."""
    inner = error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error
    state = getattr(inner, "sqlstate", None)
    return state if isinstance(state, str) else None


def is_too_many_connections(error: BaseException) -> bool:
    """Return whether the server refused a connection because of ``max_connections``."""
    return get_sqlstate(error) == _TOO_MANY_CONNECTIONS


def summarize_error(error: BaseException) -> str:
    """Return an error as one line for the log, without traceback and statement."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        error = error.orig
    cause = error.__cause__ if type(error).__module__.startswith("sqlalchemy") else None
    reported = cause or error
    first = next(iter(str(reported).splitlines()), "")
    return f"{type(reported).__name__}: {first}" if first else type(reported).__name__


def _is_lost_connection(error: BaseException) -> bool:
    """Return whether an error of the network, a driver or SQLAlchemy means a lost connection."""
    if isinstance(
        error, (ConnectionError, TimeoutError, socket.gaierror, sqlalchemy.exc.PendingRollbackError)
    ):
        return True
    if isinstance(error, OSError):
        return error.errno in _NETWORK or "Connect call failed" in str(error)
    if isinstance(error, asyncpg.InterfaceError):
        return "clos" in str(error)
    if type(error).__module__.startswith("sqlalchemy"):  # asyncpg's errors as SQLAlchemy wraps them
        return error.__cause__ is not None and _is_lost_connection(error.__cause__)
    # dramatiq's broker uses another driver; only a worker loads it
    others = (("psycopg", "OperationalError"), ("dramatiq.errors", "ConnectionError"))
    kinds = tuple(kind for module, name in others if (kind := getattr(sys.modules.get(module), name, None)))
    return isinstance(error, kinds)
