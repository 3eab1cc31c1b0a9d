"""The host decides which application answers, and every answer is safe."""

from collections.abc import Callable

import httpx
from sqlalchemy import text

from kernel.database import Database
from tenants.registry import TenantRef
from tenants.session import coop_session
from web.doors import Doors

Visitor = Callable[[str], httpx.AsyncClient]


async def test_each_kind_of_host_has_its_own_application(visitor: Visitor) -> None:
    assert (await visitor("melati").get("/gaya")).status_code == 200
    assert (await visitor("").get("/gaya")).status_code == 200
    assert (await visitor("operator").get("/gaya")).status_code == 404


async def test_a_cookie_or_header_cannot_choose_another_cooperative(visitor: Visitor) -> None:
    forged = {"x-forwarded-host": "mawar.localhost:8000", "cookie": "tenant=mawar; tenantId=mawar", "x-tenant": "mawar"}
    answer = await visitor("melati").get("/", headers=forged)
    assert "Koperasi Melati" in answer.text
    assert "Mawar" not in answer.text


async def test_an_unknown_host_gets_a_friendly_404(visitor: Visitor) -> None:
    answer = await visitor("tidak-ada").get("/")
    assert answer.status_code == 404
    assert "<html" in answer.text


async def test_every_page_forbids_framing_sniffing_and_foreign_scripts(visitor: Visitor) -> None:
    headers = (await visitor("melati").get("/")).headers
    assert (
        "script-src" in headers["content-security-policy"] or "default-src 'self'" in headers["content-security-policy"]
    )
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_broken_page_shows_a_number_and_nothing_of_the_inside(
    app: Doors, database: Database, melati: TenantRef, visitor: Visitor
) -> None:
    async with database.owner.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {melati.schema_name}.products RENAME TO gone"))
    answer = await visitor("melati").get("/")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "products" not in answer.text
    assert melati.schema_name not in answer.text


async def test_a_shared_page_is_kept_until_the_cooperative_changes_something(
    database: Database, melati: TenantRef, visitor: Visitor
) -> None:
    client = visitor("melati")
    first = await client.get("/")
    assert first.status_code == 200
    async with coop_session(database, melati) as db:  # behind the application's back: the kept page stays
        await db.execute(text("UPDATE products SET name = 'Beras Pandan' WHERE sku = 'BRS5'"))
    assert "Beras Pandan" not in (await client.get("/")).text
    database.local["changed"](melati.schema_name)
    assert "Beras Pandan" in (await client.get("/")).text


async def test_languages_switch_and_the_kept_page_follows(visitor: Visitor) -> None:
    client = visitor("melati")
    indonesian = (await client.get("/")).text
    assert 'lang="id"' in indonesian
    answer = await client.get("/bahasa/en?kembali=/")
    assert answer.status_code == 303
    assert 'lang="en"' in (await client.get("/")).text


async def test_the_language_switch_never_leads_to_another_host(visitor: Visitor) -> None:
    for target in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = await visitor("melati").get("/bahasa/en", params={"kembali": target})
        assert answer.headers["location"] == "/"
