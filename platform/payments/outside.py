"""The one HTTP client of a process, by which providers are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from kernel.database import Database

TIME_OUT: Final = httpx.Timeout(15, connect=5)
_KEPT: Final = "payments.client"


def client_of(database: Database) -> httpx.AsyncClient:
    """Return the client; it lives as long as the pools, and follows no redirect: a provider's API answers
    itself.
    """
    client: httpx.AsyncClient | None = database.process_state.get(_KEPT)
    if client is None:
        client = httpx.AsyncClient(timeout=TIME_OUT, limits=httpx.Limits(max_connections=50))
        database.process_state[_KEPT] = client
        database.close_callbacks.append(client.aclose)
    return client
