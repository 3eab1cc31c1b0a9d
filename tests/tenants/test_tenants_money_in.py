"""Revisions convert existing data: orders get payments, bylaws keep their meaning, texts become codes, alarms
become rows.
"""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from factories.older_revisions import create_cooperative_at_revision
from kernel.clock import now
from kernel.database import Database
from kernel.ids import new_id
from payments import state_machine
from payments.exceptions_queue import record_exception
from payments.models import PaymentException
from tenants.migrator import migrate
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.session import coop_session

JOURNAL = (
    "SELECT number FROM post_journals(jsonb_build_array(jsonb_build_object('value_date', '2026-05-04', "
    "'description', 'x', 'source_key',"
    " CAST(:key AS text), 'reverses', NULL, 'posted_by', 'Rina Kasir', 'lines', jsonb_build_array("
    "jsonb_build_object('account', CAST(:debit AS text), 'party', NULL, 'debit', 20000, 'credit', 0),"
    "jsonb_build_object('account', CAST(:credit AS text), 'party', NULL, 'debit', 0, 'credit', 20000)))))"
)
ORDER = (
    "INSERT INTO orders (id, checkout_key, source, buyer_name, fulfilment, payment_way, status, total, "
    "placed_at, expires_at, paid_at,"
    " cancelled_at, payment_journal, cancel_reason) VALUES (gen_random_uuid(), :key, :source, 'Tono "
    "Suprapto', 'pickup', :way, :status, :total,"
    " '2026-05-04 10:00+07', '2026-05-06 10:00+07', :paid, :ended, :journal, :why)"
)


async def migrate_one(database: Database) -> TenantRef:
    report = await migrate(database)
    assert (report.upgraded, report.failed) == (1, {})
    tenant = await find_tenant_by_slug(database, "kenanga")
    assert tenant is not None
    return tenant


@pytest.fixture
async def old_cooperative(database: Database, tmp_path: Path) -> TenantRef:
    """A cooperative of the former release, with orders in every status and credit kept as one sum."""
    async with database.owner_engine.begin() as connection:
        await create_cooperative_at_revision(connection, database.settings.app_role, tmp_path, "0002")
        await connection.execute(
            text(
                "INSERT INTO bylaws (version, effective_on, template, document, adopted_by) VALUES (1, "
                "'2026-01-01', 'konsumen',"
                ' \'{"payment_ways": ["cash", "transfer", "savings"], "savings_basis": []}\', \'Ketua\')'
            )
        )
        paid = (
            await connection.execute(text(JOURNAL), {"key": "a", "debit": "1102", "credit": "2103"})
        ).scalar_one()
        back = (
            await connection.execute(text(JOURNAL), {"key": "b", "debit": "1102", "credit": "2103"})
        ).scalar_one()
        await connection.execute(text(JOURNAL), {"key": "c", "debit": "1110", "credit": "3190"})
        moment = now()
        for key, source, method, status, total, paid_at, ended_at, journal in (
            ("waiting", "web", "transfer", "placed", 20_000, None, None, None),
            ("paid", "web", "transfer", "paid", 20_000, moment, None, paid),
            ("given back", "web", "transfer", "cancelled", 20_000, moment, moment, back),
            ("expired", "web", "transfer", "cancelled", 20_000, None, moment, None),
            ("cash waits", "web", "cash", "placed", 20_000, None, None, None),
            ("cash done", "web", "cash", "handed_over", 20_000, moment, None, None),
            ("imported", "import", "cash", "handed_over", 20_000, moment, None, None),
            ("free", "web", "transfer", "paid", 0, moment, None, None),
        ):
            why = {"given back": "Barang rusak", "expired": "Tidak dibayar sampai batas waktunya"}.get(key)
            row = {"why": why, "key": key, "source": source, "way": method, "status": status, "total": total}
            await connection.execute(
                text(ORDER), row | {"paid": paid_at, "ended": ended_at, "journal": journal}
            )
    return await migrate_one(database)


async def test_every_line_of_before_bears_the_date_of_its_journal(
    database: Database, old_cooperative: TenantRef
) -> None:
    async with coop_session(database, old_cooperative) as db:
        wrong = text(
            "SELECT count(*), count(*) FILTER (WHERE l.value_date IS DISTINCT FROM j.value_date)"
            " FROM journal_lines l JOIN journals j ON j.number = l.journal"
        )
        lines, differing = (await db.execute(wrong)).one()
    assert (lines >= 6, differing) == (True, 0)


async def test_orders_get_the_payments_that_they_had(database: Database, old_cooperative: TenantRef) -> None:
    async with coop_session(database, old_cooperative) as db:
        rows = await db.execute(
            text(
                "SELECT o.checkout_key, o.payment_method, p.method, p.status, p.amount, p.refunded, "
                "p.journal IS NOT NULL AS booked, p.applied_to,"
                " p.reference = 'P' || o.number AS named FROM orders o LEFT JOIN payments p ON "
                "p.subject_id = o.id AND p.purpose = 'order'"
            )
        )
        found = {row[0]: tuple(row[1:]) for row in rows}
    transfer = "bank_transfer"
    assert found == {
        "waiting": (transfer, transfer, "awaiting", 20_000, 0, False, None, True),
        "paid": (transfer, transfer, "paid", 20_000, 0, True, "purpose", True),
        "given back": (transfer, transfer, "refunded", 20_000, 20_000, True, "purpose", True),
        "expired": (transfer, transfer, "cancelled", 20_000, 0, False, None, True),
        "cash waits": ("cash", "cash", "awaiting", 20_000, 0, False, None, True),
        "cash done": ("cash", None, None, None, None, False, None, None),
        "imported": ("cash", None, None, None, None, False, None, None),
        "free": (transfer, None, None, None, None, False, None, None),
    }


async def test_why_an_order_was_called_off_is_told_by_a_code(
    database: Database, old_cooperative: TenantRef
) -> None:
    async with coop_session(database, old_cooperative) as db:
        rows = await db.execute(
            text("SELECT checkout_key, cancelled_for, cancel_reason FROM orders WHERE status = 'cancelled'")
        )
        found = {row[0]: (row[1], row[2]) for row in rows}
    assert found == {"given back": ("officer", "Barang rusak"), "expired": ("unpaid", None)}


async def test_bylaws_say_the_same_by_the_fields_own_word_and_still_only_grow(
    database: Database, old_cooperative: TenantRef
) -> None:
    async with coop_session(database, old_cooperative) as db:
        methods = (await db.execute(text("SELECT document->'payment_ways' FROM bylaws"))).scalar_one()
        assert methods == ["cash", "bank_transfer", "savings"]
    async with database.owner_engine.begin() as connection:
        enabled = text("SELECT tgenabled::text FROM pg_trigger WHERE tgname = 'bylaws_append_only'")
        assert set((await connection.execute(enabled)).scalars()) == {"O"}


async def test_credit_that_was_kept_as_one_sum_stays_postable_as_one_sum(
    database: Database, old_cooperative: TenantRef
) -> None:
    async with coop_session(database, old_cooperative) as db:
        flags = await db.execute(
            text("SELECT code, by_party FROM accounts WHERE code IN ('1110', '1112', '2104')")
        )
        assert {row.code: row.by_party for row in flags} == {"1110": False, "1112": True, "2104": True}


async def test_what_stood_in_words_is_told_by_codes_and_what_people_wrote_stays(
    database: Database, tmp_path: Path
) -> None:
    line = (
        "INSERT INTO statement_lines (id, way, fingerprint, on_date, amount, words, state, note, imported_by)"
        " VALUES (gen_random_uuid(), 'bank_transfer', :words, '2026-05-04', 20000, :words, :state, "
        ":note, 'Rina Kasir')"
    )
    event = (
        "INSERT INTO payment_events (way, event_id, kind, concerns, body, state, detail) VALUES "
        "('xendit', :said, 'x', 'payment', '', :state, :said)"
    )
    moved = (
        "INSERT INTO provider_movements (way, provider_id, kind, gross, fee, at, detail)"
        " VALUES ('stripe', :detail, 'fee', 0, 0, now(), :detail)"
    )
    batch, member = new_id(), new_id()
    async with database.owner_engine.begin() as connection:
        await create_cooperative_at_revision(connection, database.settings.app_role, tmp_path, "0003")
        for words, state, note in (
            ("sen", "set_aside", "sen:2000050"),
            ("by an officer", "set_aside", "amount"),
            ("nobody", "unmatched", "none"),
            ("several", "doubtful", "several"),
            ("refused", "doubtful", "Tahun buku 2025 sudah ditutup."),
        ):
            await connection.execute(text(line), {"words": words, "state": state, "note": note})
        for outcome, state in (("unknown payment", "alarm"), ("settled", "done"), ("", "received")):
            await connection.execute(text(event), {"said": outcome, "state": state})
        for detail in ("hundredths: 250", "Biaya bulanan"):
            await connection.execute(text(moved), {"detail": detail})
        await connection.execute(
            text(
                "INSERT INTO members (id, number, name, status, joined_on) VALUES (:id, '1', 'Tono', "
                "'active', '2026-01-01')"
            ),
            {"id": member},
        )
        await connection.execute(
            text(
                "INSERT INTO payroll_batches (id, key, title, state, made_by, made_at) VALUES (:id, "
                "'mei', 'Mei', 'returned', 'Rina Kasir', now())"
            ),
            {"id": batch},
        )
        await connection.execute(
            text(
                "INSERT INTO payroll_lines (batch_id, member_id, asked, taken, booked, said) VALUES "
                "(:batch, :member, 5000, 0, 0, 'tidak ada di berkas')"
            ),
            {"batch": batch, "member": member},
        )
    tenant = await migrate_one(database)
    async with coop_session(database, tenant) as db:
        lines = {
            row[0]: tuple(row[1:])
            for row in await db.execute(text("SELECT description, reason, sen, note FROM statement_lines"))
        }
        events = {
            row[0]: row[1] for row in await db.execute(text("SELECT event_id, outcome FROM payment_events"))
        }
        moved_by = await db.execute(text("SELECT provider_id, is_rounded FROM provider_movements"))
        fractions = {row[0]: row[1] for row in moved_by}
        payroll = (await db.execute(text("SELECT named, remark FROM payroll_lines"))).one()
    assert lines == {
        "sen": (None, 2_000_050, ""),
        "by an officer": (None, None, "amount"),
        "nobody": (None, None, ""),
        "several": ("several", None, ""),
        "refused": ("refused", None, "Tahun buku 2025 sudah ditutup."),
    }
    assert events == {"unknown payment": "unknown", "settled": "settled", "": None}
    assert fractions == {"hundredths: 250": True, "Biaya bulanan": False}
    assert tuple(payroll) == (False, "")


async def test_alarms_become_exceptions_and_none_that_nobody_looked_into_is_lost(
    database: Database, tmp_path: Path
) -> None:
    payment = (
        "INSERT INTO payments (id, reference, key, purpose, subject_id, label, way, status, amount, "
        "payer_name, opened_at, alarm) VALUES"
        " (:id, :reference, :reference, 'order', :id, 'Pesanan', 'xendit', 'paid', 20000, 'Tono', "
        "'2026-05-04 10:00+07', :alarm)"
    )
    entry = (
        "INSERT INTO audit_entries (actor_kind, actor_name, action, subject, facts)"
        " VALUES ('officer', :by, :action, 'payment:' || CAST(:of AS text), CAST(:facts AS jsonb))"
    )
    audit_log = {
        "looked into": [
            ("alarmed", '{"way": "xendit", "amount": 20000, "alarm": "amount", "theirs": 1}'),
            ("alarm_settled", ('{"way": "xendit", "amount": 20000, "alarm": "amount", "note": "Sudah '
                              'ditagih"}')),
        ],
        "pushed aside": [
            ("alarmed", '{"way": "xendit", "amount": 20000, "alarm": "amount", "theirs": 2}'),
            ("alarmed", '{"way": "xendit", "amount": 20000, "alarm": "currency", "theirs": "USD"}'),
        ],
        "refund made good": [
            ("alarmed", ('{"way": "xendit", "amount": 20000, "alarm": "refund_failed", "refund": "r1", '
                        '"said": "tutup"}')),
            ("refunded", '{"amount": 20000}'),
        ],
        "refund still waits": [
            ("alarmed", '{"way": "xendit", "amount": 20000, "alarm": "refund_waits", "refund": "r2"}'),
            ("refunded", '{"amount": 5000}'),
        ],
        "without a trail": [],
    }  # fmt: skip
    stands = {"pushed aside": "currency", "refund still waits": "refund_waits", "without a trail": "fault"}
    async with database.owner_engine.begin() as connection:
        await create_cooperative_at_revision(connection, database.settings.app_role, tmp_path, "0004")
        for reference, entries in audit_log.items():
            row = {"id": new_id(), "reference": reference, "alarm": stands.get(reference)}
            await connection.execute(text(payment), row)
            for action, facts in entries:
                expected = {"by": "Rina Kasir", "action": f"payments.{action}", "of": reference}
                await connection.execute(text(entry), expected | {"facts": json.loads(facts)})
    tenant = await migrate_one(database)
    async with coop_session(database, tenant) as db:
        rows = await db.execute(
            text(
                "SELECT p.reference, e.reason, e.params, e.settled_by, e.note FROM payment_exceptions e "
                "JOIN payments p ON p.id = e.payment_id"
                " ORDER BY p.reference, e.reason"
            )
        )
        found = [tuple(row) for row in rows]
        assert found == [
            ("looked into", "amount", {"theirs": 1}, "Rina Kasir", "Sudah ditagih"),
            ("pushed aside", "amount", {"theirs": 2}, None, ""),
            ("pushed aside", "currency", {"theirs": "USD"}, None, ""),
            ("refund made good", "refund_failed", {"refund": "r1", "said": "tutup"}, "Rina Kasir", ""),
            ("refund still waits", "refund_waits", {"refund": "r2"}, None, ""),
            ("without a trail", "fault", {}, None, ""),
        ]
        assert await raise_exception_again(db, "looked into", {"theirs": 1}) == 1
        assert await raise_exception_again(db, "looked into", {"theirs": 3}) == 2


async def raise_exception_again(db: AsyncSession, reference: str, facts: dict[str, object]) -> int:
    """Return how many exceptions a payment has once these facts were found again."""
    payment = await state_machine.lock_payment(db, reference)
    await record_exception(db, payment, "amount", facts)
    query = select(func.count()).where(PaymentException.payment_id == payment.id)
    return int((await db.execute(query)).scalar_one())
