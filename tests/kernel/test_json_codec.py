"""JSON reads and writes the same on every connection."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.batching import read_batch
from kernel.database import Database, Reader, as_reader
from kernel.models import AuditEntry
from kernel.money import Rupiah
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session

PARAMS = {
    "reason": "Salah “ketik” \\ / ü",
    "amount": 12_500,
    "large": 2**70,
    "share": 0.5,
    "members": ["0001", None, True, {"ids": []}],
    "nothing": {},
}
PARAMS_OF = "SELECT params FROM audit_entries WHERE subject = $1"


class ParamsRow(msgspec.Struct, frozen=True):
    params: dict[str, object]


async def read_params(ro: Reader, subject: str) -> list[ParamsRow]:
    return await ro.rows(ParamsRow, PARAMS_OF, subject)


async def read_nested(ro: Reader) -> list[tuple[object, object]]:
    rows = await ro.records(
        "SELECT array_agg(params) AS many, json_build_object('of', subject) AS plain FROM audit_entries"
        " WHERE subject LIKE 'json:%' GROUP BY subject ORDER BY subject"
    )
    return [(row["many"], row["plain"]) for row in rows]


async def write_entries(db: AsyncSession) -> None:
    """One row by the mapped column alone, one by the session's bulk insert, one by SQL."""
    columns = {"actor_kind": "system", "actor_name": "L", "action": "tests.json", "params": PARAMS}
    await db.execute(AuditEntry.__table__.insert().values(**columns, subject="json:core"))
    db.add(AuditEntry(**columns, subject="json:orm"))
    await db.flush()
    await db.execute(
        text(
            "INSERT INTO audit_entries (actor_kind, actor_name, action, subject, params)"
            " VALUES ('system', 'L', 'tests.json', 'json:sql', CAST(:params AS jsonb))"
        ),
        {"params": PARAMS},
    )


SUBJECTS = ("json:core", "json:orm", "json:sql")


async def test_a_document_is_the_same_however_it_was_written_and_is_read(
    database: Database, melati: TenantRef
) -> None:
    async with coop_session(database, melati) as db:
        await write_entries(db)
        found = await db.execute(select(AuditEntry.params).where(AuditEntry.subject.in_(SUBJECTS)))
        assert list(found.scalars()) == [PARAMS] * 3
        assert [await read_params(as_reader(db), of) for of in SUBJECTS] == [[ParamsRow(PARAMS)]] * 3
    async with coop_reader(database, melati) as ro:
        assert [await read_params(ro, of) for of in SUBJECTS] == [[ParamsRow(PARAMS)]] * 3
        assert await ro.value(PARAMS_OF.replace("subject", "params"), PARAMS) == PARAMS


async def test_batches_read_documents_inside_arrays_and_rows(
    db: AsyncSession, database: Database, melati: TenantRef
) -> None:
    await write_entries(db)
    expected = [([PARAMS], {"of": subject}) for subject in SUBJECTS]
    assert await read_nested(as_reader(db)) == expected
    core, nested = await read_batch(db, lambda ro: read_params(ro, "json:core"), read_nested)
    assert core == [ParamsRow(PARAMS)]
    assert nested == expected
    async with coop_reader(database, melati) as ro:
        one, two = await read_batch(
            ro,
            lambda each: each.value("SELECT ARRAY[$1::jsonb, $2::jsonb]", PARAMS, []),
            lambda each: each.value("SELECT jsonb_build_object('all', jsonb_build_array($1::jsonb))", PARAMS),
        )
    assert one == [PARAMS, []]
    assert two == {"all": [PARAMS]}


async def test_values_are_written_as_json_has_them(db: AsyncSession) -> None:
    ro = as_reader(db)
    moment = datetime(2026, 6, 15, 9, tzinfo=UTC)
    written = {"amount": Rupiah(500), "id": UUID(int=1), "at": moment}
    assert await ro.value("SELECT $1::jsonb", written) == {
        "amount": 500,
        "id": str(UUID(int=1)),
        "at": "2026-06-15T09:00:00Z",
    }
    assert await ro.value("SELECT $1::json", [Rupiah(1), "x"]) == [1, "x"]
    with pytest.raises((TypeError, asyncpg.DataError)):
        await ro.value("SELECT $1::jsonb", {"no": object()})
