"""Receive webhooks: verify them, store them as rows unique by the provider's event id, and enqueue their
jobs.

Providers send the same event up to a dozen times and many at once, so events are stored in batches: while one
transaction runs, later events wait for the next. No webhook is answered before it is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from gateways.protocol import Provider, ProviderAccount, WebhookEvent, WebhookVerificationError, get_provider
from payments import methods
from tenants.session import coop_reader, coop_session

if TYPE_CHECKING:
    from kernel.database import Database
    from payments.methods import PaymentMethod
    from tenants.registry import TenantRef

MAX_BODY_BYTES: Final = 256 * 1024
MAX_BATCH_SIZE: Final = 128
_MAX_CACHED_COOPERATIVES: Final = 2_000

# The event and its job are written together or not at all; a known event is neither stored nor queued again.
_STORE: Final = text(
    "WITH sent AS (SELECT method, event_id, kind, object_type, reference, provider_reference, body FROM "
    "jsonb_to_recordset(CAST(:events AS jsonb)) AS e(method text, event_id text, kind text, object_type text,"
    " reference text, provider_reference text, body text)),"
    " fresh AS (INSERT INTO payment_events (method, event_id, kind, object_type, reference, "
    "provider_reference, body)"
    " SELECT method, event_id, kind, object_type, reference, provider_reference, convert_to(body, "
    "'UTF8') FROM sent"
    " ORDER BY method, event_id"  # a fixed order prevents deadlocks between two writers of the same events
    " ON CONFLICT (method, event_id) DO NOTHING RETURNING id, method, event_id),"
    " work AS (INSERT INTO shared.outbox (job, key, arguments)"
    " SELECT 'payments.process_webhook', 'payments.process_webhook:' || method || ':' || event_id, "
    "jsonb_build_object('event', "
    "id) FROM fresh RETURNING 1)"
    " SELECT pg_notify('lumbung_outbox', '') FROM (SELECT count(*) AS written FROM work) AS w WHERE "
    "w.written > 0"
)


class UnknownEndpoint(Exception):
    """The webhook URL belongs to no method: answered 404, and nothing is written."""


@dataclass
class _PendingWrites:
    """Events of one cooperative that are not stored yet, each with its waiting future, and the writer."""

    events: list[tuple[dict[str, object], asyncio.Future[None]]] = field(default_factory=list)
    writer: asyncio.Task[None] | None = None


@dataclass
class WebhookInbox:
    """The webhook inbox of one process, for all cooperatives.

    It caches each endpoint's provider account until the cooperative changes something.
    """

    database: Database
    endpoint_cache: dict[str, dict[str, PaymentMethod]] = field(default_factory=dict)
    account_cache: dict[tuple[str, str], tuple[Provider, ProviderAccount]] = field(default_factory=dict)
    lookups: dict[tuple[str, int], asyncio.Task[dict[str, PaymentMethod]]] = field(default_factory=dict)
    invalidations: int = 0
    pending: dict[str, _PendingWrites] = field(default_factory=dict)

    async def receive(
        self, tenant: TenantRef, endpoint: str, headers: Mapping[str, str], body: bytes
    ) -> WebhookEvent:
        """Verify a webhook and return once it is stored.

        Raises UnknownEndpoint, and WebhookVerificationError for one that its provider did not send.
        """
        provider, provider_account = await self._provider(tenant, endpoint)
        event = provider.verify(provider_account, headers, body)
        await self._store(tenant, provider.method, event, body)
        return event

    def invalidate(self, schema_name: str) -> None:
        """Drop the cached accounts of a cooperative, because it changed something."""
        self.invalidations += 1
        for endpoint in self.endpoint_cache.pop(schema_name, {}):
            self.account_cache.pop((schema_name, endpoint), None)

    def invalidate_all(self) -> None:
        """Drop all cached accounts, because change notices may have been missed."""
        self.invalidations += 1
        self.endpoint_cache.clear()
        self.account_cache.clear()

    async def _provider(self, tenant: TenantRef, endpoint: str) -> tuple[Provider, ProviderAccount]:
        """Return the provider and account of an endpoint. Raises UnknownEndpoint."""
        schema = tenant.schema_name
        methods_by_endpoint = self.endpoint_cache.get(schema)
        if methods_by_endpoint is None:
            methods_by_endpoint = await self._load_endpoints_once(tenant)
        method = methods_by_endpoint.get(endpoint)
        if method is None:
            raise UnknownEndpoint
        cached = self.account_cache.get((schema, endpoint))
        if cached is not None:
            return cached
        found = get_provider(method.method), methods.build_provider_account(self.database, tenant, method)
        if self.endpoint_cache.get(schema) is methods_by_endpoint:  # nothing changed meanwhile
            self.account_cache[schema, endpoint] = found
        return found

    async def _load_endpoints_once(self, tenant: TenantRef) -> dict[str, PaymentMethod]:
        """Read a cooperative's endpoints, once for all messages that arrive meanwhile.

        A provider sends hundreds at once, and anybody may send to addresses that do not exist: one read each
        would take all connections of the cooperative's share.
        """
        key = tenant.schema_name, self.invalidations
        lookup = self.lookups.get(key)
        if lookup is None:
            lookup = self.lookups[key] = asyncio.create_task(self._load_endpoints(tenant))
            lookup.add_done_callback(lambda _: self.lookups.pop(key, None))
        return await asyncio.shield(lookup)

    async def _load_endpoints(self, tenant: TenantRef) -> dict[str, PaymentMethod]:
        """Read the complete methods of a cooperative by endpoint, and cache them unless something changed."""
        invalidations = self.invalidations
        async with coop_reader(self.database, tenant) as ro:
            found = {
                method.endpoint: method
                for method in await methods.list_methods(ro)
                if method.endpoint is not None and method.is_complete
            }
        if invalidations == self.invalidations:
            if len(self.endpoint_cache) >= _MAX_CACHED_COOPERATIVES:
                self.invalidate(next(iter(self.endpoint_cache)))
            self.endpoint_cache[tenant.schema_name] = found
        return found

    async def _store(self, tenant: TenantRef, method: str, event: WebhookEvent, body: bytes) -> None:
        """Queue an event for the next batch and wait until it is stored."""
        try:
            sent = body.decode()
        except UnicodeDecodeError as error:
            raise WebhookVerificationError("the message is no text") from error
        if "\0" in f"{sent}{event.event_id}{event.event_type}{event.reference}{event.provider_reference}":
            # PostgreSQL stores no NUL in text, and the whole batch would fail
            raise WebhookVerificationError("the message is no text")
        row: dict[str, object] = {
            "method": method,
            "event_id": event.event_id[:200],
            "kind": event.event_type[:100],
            "object_type": event.subject,
            "reference": event.reference,
            "provider_reference": event.provider_reference,
            "body": sent,
        }
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self.pending.setdefault(tenant.schema_name, _PendingWrites())
        waiting.events.append((row, stored))
        if waiting.writer is None:
            waiting.writer = asyncio.create_task(self._write(tenant, waiting))
        await stored

    async def _write(self, tenant: TenantRef, waiting: _PendingWrites) -> None:
        """Store pending events in batches until none is left."""
        try:
            while waiting.events:
                batch = waiting.events[:MAX_BATCH_SIZE]
                del waiting.events[:MAX_BATCH_SIZE]
                try:
                    async with coop_session(self.database, tenant) as db:
                        await db.execute(_STORE, {"events": [row for row, _ in batch]})
                except asyncio.CancelledError:
                    for _, stored in (*batch, *waiting.events):
                        stored.cancel()
                    waiting.events.clear()
                    raise
                except Exception as error:  # noqa: BLE001 - each sender gets the error and retries
                    for _, stored in batch:
                        if not stored.done():
                            stored.set_exception(error)
                else:
                    for _, stored in batch:
                        if not stored.done():
                            stored.set_result(None)
        finally:
            # no await in between: a new event must not rely on a writer that has ended
            waiting.writer = None
            if not waiting.events:
                self.pending.pop(tenant.schema_name, None)
