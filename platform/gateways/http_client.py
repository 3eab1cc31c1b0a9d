"""The one HTTP client of a process, by which providers are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from kernel.database import Database

TIMEOUT: Final = httpx.Timeout(15, connect=5)
_LOCAL_KEY: Final = "payments.client"


def get_http_client(database: Database) -> httpx.AsyncClient:
    """Return the client; it lives as long as the pools, and follows no redirect: a provider's API answers
    itself.
    """
    client: httpx.AsyncClient | None = database.process_state.get(_LOCAL_KEY)
    if client is None:
        client = httpx.AsyncClient(timeout=TIMEOUT, limits=httpx.Limits(max_connections=50))
        database.process_state[_LOCAL_KEY] = client
        database.close_callbacks.append(client.aclose)
    return client
