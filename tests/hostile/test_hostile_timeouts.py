"""A slow statement ends the page that asked it."""

import time

import pytest
from sqlalchemy import text

from conftest import SignedIn
from kernel.database import Database
from tenants.registry import TenantRef


async def slow_reading(database: Database, tenant: TenantRef, table: str, seconds: float) -> None:
    """Let every reading of a table take so long."""
    name = f"{tenant.schema_name}.{table}"
    async with database.owner.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"))
        await connection.execute(
            text(f"CREATE POLICY dawdle ON {name} USING ((SELECT pg_catalog.pg_sleep({seconds})::text) IS NOT NULL)")
        )


@pytest.mark.slow
@pytest.mark.xfail(strict=True, reason="issue 8, point 8")
async def test_a_slow_statement_ends_its_page_with_an_answer_of_ours(
    officer_client: SignedIn, database: Database, melati: TenantRef
) -> None:
    await slow_reading(database, melati, "accounts", 12)
    began = time.monotonic()
    answer = await officer_client.get("/pengurus/buku", timeout=60)
    assert time.monotonic() - began < 11, "the page waited for the statement"
    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdecimal()
