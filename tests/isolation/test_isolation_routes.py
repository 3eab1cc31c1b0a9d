"""Request every route of one cooperative with every id of the other: no data of the neighbour is shown or
changed.

Routes are read from the application, so new ones are included. A new path parameter fails here until the
neighbour's value for it is given.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import text

from conftest import SignedInClient, compute_csrf_token
from factories import shop
from kernel.database import Database, as_reader
from kernel.settings import Settings
from tenants.registry import TenantRef
from tenants.session import coop_session
from web.dispatch import HostDispatcher

# Texts that only mawar's rows contain: names of its people, and a product that only it sells.
SECRETS = ("Wulandari Mawar", "Hartono Mawar", "Ketua Mawar", "+62813", "Rahasia Mawar", "0813-0000")


async def _neighbours_values(database: Database, mawar: TenantRef) -> dict[str, list[str]]:
    """Return what a visitor of melati could try for each path parameter: mawar's ids and names."""
    async with coop_session(database, mawar) as db:
        await db.execute(
            text("UPDATE products SET name = 'Rahasia Mawar', sku = 'MAWAR-1' WHERE sku = 'BRS5'")
        )
        await db.flush()
        ro = as_reader(db)
        member = await ro.value("SELECT id FROM members ORDER BY number LIMIT 1")
        product = await ro.value("SELECT id FROM products WHERE sku = 'MAWAR-1'")
        category = await ro.value("SELECT id FROM categories ORDER BY name LIMIT 1")
        buyer = shop.Buyer("Rahasia Mawar", "+6281300000009")
        payment = await shop.get_latest_payment(
            db, await shop.create_order(db, {product: 1}, buyer, "bank_transfer")
        )
        line = await ro.value(
            "INSERT INTO statement_lines (id, method, fingerprint, on_date, amount, description, status, "
            "imported_by) VALUES"
            " (gen_random_uuid(), 'bank_transfer', 'mawar', '2026-05-04', 20123, 'Rahasia Mawar', "
            "'unmatched', 'Ketua Mawar') RETURNING id"
        )
        batch = await ro.value(
            "INSERT INTO payroll_batches (id, key, title, status, created_by, created_at) VALUES"
            " (gen_random_uuid(), 'mawar', 'Rahasia Mawar', 'sent', 'Ketua Mawar', '2026-05-04 "
            "00:00Z') RETURNING id"
        )
        refund = await ro.value(
            "INSERT INTO payment_refunds (id, payment_id, key, amount, destination, status, reason, "
            "requested_by, requested_at) VALUES"
            " (gen_random_uuid(), $1, 'mawar', 1, 'original_method', 'pending', 'Rahasia Mawar', 'Ketua "
            "Mawar', '2026-05-04 00:00Z') RETURNING id",
            payment.id,
        )
        exception = await ro.value(
            "INSERT INTO payment_exceptions (id, payment_id, reason, params, raised_at) VALUES"
            " (gen_random_uuid(), $1, 'fault', '{}', '2026-05-04 00:00Z') RETURNING id",
            payment.id,
        )
    small = ["1", "2", "999999"]
    return {
        "lang": ["en"],
        "office": ["kasir"],
        "name": ["x.css", "MAWAR-1"],
        "member_id": [str(member)],
        "product_id": [str(product)],
        "category_id": [str(category)],
        "sku": ["MAWAR-1"],
        "slug": ["mawar", "sembako"],
        "number": [*small, "0001"],
        "version": small,
        "year": ["2025", "2026"],
        "code": ["1101", "3110"],
        "draft_id": [str(product)],
        "user_id": [str(member)],
        "kind": ["pokok", "sukarela"],
        "id": [str(member)],
        "picture": ["0" * 64],
        "token": ["x" * 43],
        "theme": ["base"],
        "method": ["cash"],
        "checksum": ["0" * 12],
        "file": ["x-320.webp"],
        "pool": ["jasa_modal"],
        "position": ["1"],
        "reference": [payment.reference, "1001"],
        "statement_line": [str(line)],
        "batch_id": [str(batch)],
        "refund_id": [str(refund)],
        "exception_id": [str(exception)],
    }


def _routes(app: HostDispatcher) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return (method, path template, [(parameter, type)]) of every route of the cooperative's application."""
    found = []
    for route in app._apps["cooperative"].routes:
        if isinstance(route, HTTPRoute):
            parameters = [(p.name, p.full) for p in route.path_parameters.values()]
            found += [
                (str(method), route.path, parameters)
                for method in sorted(route.methods)
                if method != "OPTIONS"
            ]
    return found


def _addresses(path: str, parameters: list[tuple[str, str]], values: dict[str, list[str]]) -> list[str]:
    paths = [path]
    for name, full in parameters:
        assert name in values, f"say in _neighbours_values what the neighbour's {name!r} would be ({path})"
        paths = [p.replace("{" + full + "}", value) for p in paths for value in values[name]]
    return paths


async def _fingerprint(database: Database, tenant: TenantRef) -> dict[str, str]:
    """A checksum of every table of a cooperative."""
    async with database.owner_engine.connect() as connection:
        tables = (
            await connection.execute(
                text("SELECT table_name FROM information_schema.tables WHERE table_schema = :s"),
                {"s": tenant.schema_name},
            )
        ).scalars()
        sums = {}
        for table in list(tables):
            query = (
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM "
                f"{tenant.schema_name}.{table} t"
            )
            sums[table] = (await connection.execute(text(query))).scalar_one()
        return sums


@pytest.fixture
async def walkers(
    officer_client: SignedInClient,
    member_client: SignedInClient,
    visitor: Callable[[str], httpx.AsyncClient],
    sign_in: Callable[[str, str], Awaitable[SignedInClient]],
    settings: Settings,
    mawar: TenantRef,
) -> dict[str, SignedInClient]:
    """Melati's officer, member and visitor; and mawar's officer with their cookie at melati's host."""
    anonymous = visitor("melati")
    anonymous.cookies.clear()
    stranger = visitor("melati")
    neighbours = await sign_in("mawar", "+6289900000001")
    token = neighbours.client.cookies["lumbung"]
    stranger.cookies.set("lumbung", token)
    return {
        "officer": officer_client,
        "member": member_client,
        "visitor": SignedInClient(anonymous, ""),
        "the neighbour's officer": SignedInClient(stranger, compute_csrf_token(settings, mawar, token)),
    }


async def test_no_route_shows_or_changes_anything_of_the_neighbour(
    app: HostDispatcher,
    database: Database,
    melati: TenantRef,
    mawar: TenantRef,
    walkers: dict[str, SignedInClient],
) -> None:
    values = await _neighbours_values(database, mawar)
    before = await _fingerprint(database, mawar)
    walked = 0
    for method, path, parameters in _routes(app):
        for address in _addresses(path, parameters, values):
            for who, walker in walkers.items():
                if path == "/keluar":
                    continue  # it would end the walk; test_members_signing_in walks it
                answer = await _walk(walker, method, address, values)
                walked += 1
                body = answer.text if "text" in answer.headers.get("content-type", "") else ""
                shown = [secret for secret in SECRETS if secret in body]
                assert not shown, f"{method} {address} as {who} shows {shown}"
                assert answer.status_code != 500, f"{method} {address} as {who} breaks"
                if who == "the neighbour's officer" and path.startswith(("/pengurus", "/anggota")):
                    assert answer.status_code in (303, 403, 404, 405), (
                        f"{method} {address} lets a neighbour's session in"
                    )
    assert walked > 100
    assert await _fingerprint(database, mawar) == before


async def _walk(
    walker: SignedInClient, method: str, address: str, values: dict[str, list[str]]
) -> httpx.Response:
    if method in ("GET", "HEAD"):
        return await walker.client.request(method, address)
    fields: dict[str, Any] = {name: choices[0] for name, choices in values.items()}
    first = await walker.post(address)  # an empty form
    if first.status_code == 500:
        return first
    return await walker.post(address, {**fields, "member_id": values["member_id"][0]})


async def test_a_neighbours_session_is_nobody_here(
    app: HostDispatcher, walkers: dict[str, SignedInClient]
) -> None:
    answer = await walkers["the neighbour's officer"].get("/pengurus")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/masuk")
