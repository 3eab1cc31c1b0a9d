"""Cooperative revisions 0009 and 0010 and shared revision 0008 lose no data.

Rows are inserted under the former names.
"""

import shutil
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

import shop.tasks  # noqa: F401 - the job of a test
from factories.older_revisions import create_cooperative_at_revision
from kernel.database import Database, as_reader
from kernel.money import Rupiah
from kernel.process_services import build_services
from kernel.settings import Settings
from ledger import Journal, JournalLine, post_journals
from ledger.chart import BANK, CASH
from ledger.descriptions import describe
from ledger.queries import list_journals
from payments.officer_queries import find_payment, list_refunds
from tenants import revisions
from tenants.migrator import migrate
from tenants.registry import TenantRef, find_tenant_by_slug
from tenants.revisions import COOPERATIVE, SHARED, diff_models, render_script
from tenants.schema_pool import generate_schema_name, run_script
from tenants.session import coop_session, shared_session
from tenants.worker import run_job
from web.dispatch import HostDispatcher

TONO, SITI = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
PAID, WAITS, ON_CREDIT = (f"00000000-0000-0000-0000-0000000000{number}" for number in ("c1", "c2", "c3"))
BATCH = "00000000-0000-0000-0000-0000000000d1"

COOPERATIVES_ROWS = f"""
INSERT INTO members (id, number, name, status, joined_on) VALUES
  ('{TONO}', '0001', 'Tono', 'active', '2026-01-01'), ('{SITI}', '0002', 'Siti', 'active', '2026-01-02');
SELECT post_journals(ARRAY['2026-05-04', '2026-05-05', '2026-05-06']::date[], ARRAY['Saldo awal',
'Pembayaran', 'Pengembalian'],
  ARRAY['opening', 'payment:c1', 'refund:r1'], ARRAY[NULL, NULL, NULL]::bigint[], ARRAY[1, 1, 2, 2, 2, 3, 3],
  ARRAY['1101', '3110', '1102', '2103', '2111', '2103', '1102'],
  ARRAY[NULL, '{TONO}', NULL, NULL, '{TONO}', NULL, NULL]::uuid[], ARRAY[100000, 0, 50123, 0, 0, 20000,
  0]::bigint[],
  ARRAY[0, 100000, 0, 50000, 123, 0, 20000]::bigint[], 'Rina Kasir');
INSERT INTO bylaws (version, effective_on, template, document, adopted_by) VALUES (1, '2026-01-01',
'konsumen',
  '{{"payment_ways": ["cash", "bank_transfer"], "transfer_tail": "savings"}}', 'Ketua');
INSERT INTO products (id, sku, name, cost, price, stock, stock_value) VALUES ('{TONO}', 'BRS5', 'Beras 5 kg',
70000, 75000, 1, 70000);
INSERT INTO stock_movements (product_id, kind, quantity, value, on_date, source_key)
  VALUES ('{TONO}', 'opening', 1, 70000, '2026-05-04', 'opening:BRS5');
INSERT INTO orders (id, checkout_key, member_id, buyer_name, fulfilment, payment_way, status, total,
placed_at) VALUES
  ('{PAID}', 'a', '{TONO}', 'Tono', 'pickup', 'bank_transfer', 'paid', 50000, '2026-05-05 10:00+07'),
  ('{WAITS}', 'b', NULL, 'Made', 'pickup', 'xendit', 'placed', 75000, '2026-05-06 10:00+07');
INSERT INTO order_lines (order_id, line, product_id, name, quantity, unit_price, amount)
  VALUES ('{WAITS}', 1, '{TONO}', 'Beras 5 kg', 1, 75000, 75000);
INSERT INTO payment_ways (way, enabled, position, settings, secrets, endpoint, least, most) VALUES
  ('xendit', true, 1, '{{"a": 1}}', '{{"key": "sealed"}}', 'unguessable', 1000, 2000000), ('cash', true, 2,
  '{{}}', '{{}}', NULL, NULL, NULL);
INSERT INTO payments (id, reference, key, purpose, subject_id, label, way, status, amount, tail, member_id,
payer_name, shown, opened_at,
  settled_at, settled_by, went_to, journal, refunded, said_paid_at, under_way_since) VALUES
  ('{PAID}', 'LAAAAAAAAAA1', 'k1', 'order', '{PAID}', 'Pesanan 1001', 'bank_transfer', 'partly_refunded',
  50123, 123, '{TONO}', 'Tono',
   '{{"account": "BCA 1"}}', '2026-05-05 10:00+07', '2026-05-05 11:00+07', 'Rina Kasir', 'purpose', 2, 20000,
   '2026-05-05 10:30+07', NULL),
  ('{WAITS}', 'LAAAAAAAAAA2', 'k2', 'order', '{WAITS}', 'Pesanan 1002', 'xendit', 'awaiting', 75000, 0, NULL,
  'Made',
   '{{"qr": "0002"}}', '2026-05-06 10:00+07', NULL, NULL, NULL, NULL, 0, NULL, '2026-05-06 10:05+07'),
  ('{ON_CREDIT}', 'LAAAAAAAAAA3', 'k3', 'top_up', '{SITI}', 'Dompet', 'kasbon', 'paid', 5000, 0, '{SITI}',
  'Siti',
   '{{}}', '2026-05-06 10:00+07', '2026-05-06 10:00+07', 'Siti', 'wallet', NULL, 0, NULL, NULL);
INSERT INTO payment_refunds (id, payment_id, key, amount, back_to, state, reason, journal, asked_by, asked_at)
    VALUES
  ('{PAID}', '{PAID}', 'r1', 20000, 'same_way', 'done', 'Rusak', 3, 'Ketua', '2026-05-06 09:00+07'),
  ('{WAITS}', '{PAID}', 'r2', 100, 'by_hand', 'pending', 'Kurang', NULL, 'Ketua', '2026-05-06 09:30+07');
INSERT INTO payment_exceptions (id, payment_id, reason, facts, raised_at, settled_at, settled_by, note) VALUES
  ('{PAID}', '{PAID}', 'unheard_refund', '{{"way": "xendit", "theirs": 5}}', '2026-05-06 09:00+07',
  '2026-05-06 12:00+07', 'Ketua', 'Beres'),
  ('{WAITS}', '{WAITS}', 'amount', '{{"theirs": 7}}', '2026-05-06 10:00+07', NULL, NULL, '');
INSERT INTO payment_events (way, event_id, kind, concerns, reference, body, state, outcome, handled_at) VALUES
  ('xendit', 'e1', 'invoice', 'payment', 'LAAAAAAAAAA2', 'x', 'alarm', 'alarm', now()),
  ('xendit', 'e2', 'invoice', 'payment', 'LTIDAKADA000', 'x', 'alarm', 'unknown', now()),
  ('xendit', 'e3', 'invoice', 'payment', NULL, 'x', 'done', 'settled', now()), ('xendit', 'e4', 'invoice',
  'payment', NULL, 'x', 'received', NULL, NULL);
INSERT INTO provider_movements (way, provider_id, kind, gross, fee, at, fraction) VALUES ('xendit', 'm1',
'fee', 0, 5, now(), true);
INSERT INTO provider_balances (way, balance, told_at, since) VALUES ('xendit', 50000, now(), now());
INSERT INTO payroll_batches (id, key, title, state, made_by, made_at) VALUES ('{BATCH}', 'mei', 'Mei',
'returned', 'Rina Kasir', now());
INSERT INTO payroll_lines (batch_id, member_id, asked, taken, booked, said) VALUES ('{BATCH}', '{SITI}', 5000,
4000, 3000, 'cuti');
INSERT INTO payroll_strays (batch_id, line, who, amount, said, decision, member_id) VALUES ('{BATCH}', 4,
'Anto', 900, 'baru', 'wallet', '{TONO}');
INSERT INTO statement_lines (id, way, fingerprint, on_date, amount, words, state, payment_id, reason,
imported_by) VALUES
  ('{PAID}', 'bank_transfer', 'f1', '2026-05-05', 50123, 'TRSF TONO', 'matched', '{PAID}', 'reference',
  'Rina Kasir'),
  ('{WAITS}', 'bank_transfer', 'f2', '2026-05-05', 50000, 'TRSF TONO LAGI', 'doubtful', NULL, 'no_tail',
  'Rina Kasir');
INSERT INTO audit_entries (actor_kind, actor_name, action, subject, facts) VALUES
  ('system', 'Lumbung', 'payments.alarmed', 'payment:LAAAAAAAAAA2',
  '{{"way": "xendit", "amount": 75000, "alarm": "amount", "theirs": 7}}'),
  ('member', 'Siti', 'payments.settled', 'payment:LAAAAAAAAAA3', '{{"way": "kasbon", "amount": 5000}}'),
  ('officer', 'Ketua', 'payments.way_changed', 'payment_way:xendit', '{{"name": "Xendit"}}');
INSERT INTO finished_jobs (key) VALUES ('payments.hear:xendit:e3'), ('payments.look:LAAAAAAAAAA1'),
('payments.refund:r1'), ('shop.sweep_orders:2026-05-06');
"""
SHARED_ROWS = """
INSERT INTO shared.outbox (coop_role, job, key, arguments) SELECT schema_name, j.job, j.key,
j.arguments::jsonb FROM shared.cooperatives,
  (VALUES ('payments.hear', 'payments.hear:xendit:e4', '{"event": 4}'), ('payments.look',
  'payments.look:LAAAAAAAAAA2', '{"reference": "LAAAAAAAAAA2"}'),
  ('payments.reconcile', 'payments.reconcile:xendit:2026-05-06', '{"way": "xendit"}'), ('shop.expire_order',
  'shop.expire_order:c2', '{"order_id": "c2"}'),
  ('payments.call_off', 'a key of its own', '{"reference": "LAAAAAAAAAA2"}')) AS j(job, key, arguments);
INSERT INTO shared.failed_jobs (coop_role, job, key, arguments, attempts, first_failed_at, error) SELECT
    schema_name, 'shop.call_off_others',
  'shop.call_off_others:c1', '{"order_id": "c1"}', 40, now(), 'TimeoutError' FROM shared.cooperatives;
INSERT INTO shared.operator_actions (operator, action, subject, facts) VALUES ('Dewi',
'operators.cooperative_suspended', 'kenanga', '{"reason": "x"}');
INSERT INTO shared.coupons (code, percent, invoices, most, used, reason, made_by) VALUES ('PANEN', 10, 3, 5,
1, 'x', 'Dewi');
INSERT INTO shared.subscriptions (cooperative_id, plan, every, status, way, next_every, trial_told, begun_on)
  SELECT id, 'tumbuh', 'year', 'active', 'card', 'month', true, '2026-05-01' FROM shared.cooperatives;
INSERT INTO shared.invoices (id, number, cooperative_id, source_key, issued_on, due_on, period_start,
period_end, subtotal, discount, tax, total, credit, to_pay,
  state, buyer_name, buyer_address, buyer_tax_number, paid_on, paid_way) SELECT gen_random_uuid(), 'L-1', id,
  'x', '2026-05-01', '2026-05-08', '2026-05-01',
  '2026-06-01', 100, 0, 11, 111, 11, 100, 'paid', 'Kenanga', '', '', '2026-05-02', 'bank_transfer' FROM
      shared.cooperatives;
INSERT INTO shared.billing_entries (cooperative_id, on_date, by, action, facts) SELECT id, '2026-05-02',
'Dewi', 'billing.paid', '{"way": "bank_transfer"}'
  FROM shared.cooperatives;
INSERT INTO shared.billing_events (event_id, kind, subject, received_at, looked_at) VALUES ('evt_1',
'invoice.paid', 'cus_1', now(), now());
"""
RENAMED_TABLES = {
    "payment_ways": "payment_methods",
    "payroll_strays": "payroll_unmatched_lines",
    "spare_schemas": "schema_pool",
}
ONLY_GROWING = (
    "journals",
    "journal_lines",
    "audit_entries",
    "stock_movements",
    "bylaws",
    "payment_exceptions",
)
# Without the columns of revision 0010.
OLD_JOURNAL_COLUMNS = "number, value_date, description, source_key, reverses, posted_by, posted_at"
TRIAL_BALANCE = "SELECT account, sum(debit), sum(credit) FROM journal_lines GROUP BY account ORDER BY account"


@pytest.fixture
async def old(server_url: str, template: str, settings: Settings, tmp_path: Path) -> AsyncIterator[Database]:
    """A database as the former release left it (the template made the server's roles): shared at 0007, one
    cooperative at 0008.
    """
    name = f"test_{uuid.uuid4().hex[:16]}"
    control = await asyncpg.connect(f"{server_url}/postgres")
    await control.execute(f"CREATE DATABASE {name}")
    database = build_services(f"{server_url}/{name}", settings).main_database
    root = tmp_path / "shared"
    shutil.copytree(
        Path(revisions.__file__).parent / "migrations", root, ignore=shutil.ignore_patterns("__pycache__")
    )
    for later in (root / "shared" / "versions").glob("*.py"):
        if later.name[:4] > "0007":
            later.unlink()
    try:
        async with database.owner_engine.begin() as connection:
            await connection.execute(text("CREATE SCHEMA shared"))
            await connection.execute(text("CREATE TABLE shared.revision (revision text PRIMARY KEY)"))
            await connection.execute(
                text("SELECT set_config('lumbung.app_role', :role, true)"), {"role": settings.app_role}
            )
            await run_script(connection, render_script(SHARED, None, root)[1])
            await connection.execute(text("INSERT INTO shared.revision VALUES ('0007')"))
            await create_cooperative_at_revision(connection, settings.app_role, tmp_path, "0008")
            await run_script(connection, COOPERATIVES_ROWS)
            await run_script(connection, SHARED_ROWS)
            spare = generate_schema_name()
            await run_script(connection, f"CREATE ROLE {spare} NOLOGIN; CREATE SCHEMA {spare}")
            await connection.execute(
                text("INSERT INTO shared.spare_schemas (schema_name, revision) VALUES (:name, '0008')"),
                {"name": spare},
            )
        yield database
    finally:
        await database.services.close()
        await control.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await control.close()


async def schema_of(connection: AsyncConnection) -> str:
    return str((await connection.execute(text("SELECT schema_name FROM shared.cooperatives"))).scalar_one())


async def contents(database: Database) -> dict[str, Any]:
    """Return counts of all tables by their current names, balances, the trial balance, and the text of
    append-only rows without column names.
    """
    found: dict[str, Any] = {}
    async with database.owner_engine.begin() as connection:
        schema = await schema_of(connection)
        names = text("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('shared', :schema)")
        for row in (await connection.execute(names, {"schema": schema})).all():
            if row.tablename in ("revision", "office_restrictions"):  # the second came with revision 0011
                continue
            count = await connection.exec_driver_sql(f"SELECT count(*) FROM {row.schemaname}.{row.tablename}")
            whose = "shared" if row.schemaname == "shared" else "cooperative"
            found[f"{whose}.{RENAMED_TABLES.get(row.tablename, row.tablename)}"] = count.scalar_one()
        await connection.exec_driver_sql(f"SET LOCAL search_path = {schema}")
        found["balances"] = (await connection.exec_driver_sql("SELECT * FROM balances ORDER BY 1, 2")).all()
        found["trial balance"] = (await connection.exec_driver_sql(TRIAL_BALANCE)).all()
        for table in ONLY_GROWING:  # a row as text says its values, not its columns' names
            columns = OLD_JOURNAL_COLUMNS if table == "journals" else "t"
            rows = await connection.exec_driver_sql(f"SELECT ({columns})::text FROM {table} t ORDER BY 1")
            found[f"rows of {table}"] = rows.scalars().all()
        for table in ("operator_actions", "billing_entries"):
            found[f"rows of {table}"] = (
                (await connection.exec_driver_sql(f"SELECT t::text FROM shared.{table} t ORDER BY 1"))
                .scalars()
                .all()
            )
    return found


async def upgraded(database: Database) -> TenantRef:
    report = await migrate(database)
    assert (report.upgraded, report.failed, report.privileges_repaired) == (1, {}, 0)
    tenant = await find_tenant_by_slug(database, "kenanga")
    assert tenant is not None
    return tenant


async def test_no_row_is_lost_and_the_books_and_what_only_grows_are_as_they_were(old: Database) -> None:
    before = await contents(old)
    assert [name for name in before if name.startswith("rows of ") and not before[name]] == []
    await upgraded(old)
    after = await contents(old)
    # the pool of schemas is filled up by the migration itself
    counted = {name: after[name] for name in after if name != "shared.schema_pool"}
    assert counted == {name: before[name] for name in before if name != "shared.schema_pool"}


async def test_models_and_database_agree_afterwards(old: Database) -> None:
    await upgraded(old)
    async with old.owner_engine.begin() as connection:
        assert await connection.run_sync(lambda sync: diff_models(sync, SHARED)) == []
        await connection.exec_driver_sql(f"SET LOCAL search_path = {await schema_of(connection)}")
        assert await connection.run_sync(lambda sync: diff_models(sync, COOPERATIVE)) == []
        left = await connection.exec_driver_sql(
            "SELECT conname FROM pg_constraint WHERE contype <> 'n' AND conname ~ "
            "'_(way|ways|state|went_to|back_to|strays|spare_schemas)(_|$)'"
            " UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^(tell|refuse|note)_' UNION ALL "
            "SELECT indexname FROM pg_indexes"
            " WHERE schemaname ~ '^(shared$|coop_)' AND indexname ~ "
            "'_(way|ways|state|strays|words|spare_schemas)(_|$)'"
            " UNION ALL SELECT tgname FROM pg_trigger WHERE tgname ~ '_(told|only_grows|only_settled)$'"
        )
        assert left.scalars().all() == []


async def test_values_move_to_their_new_columns_and_codes_that_go_on_changing_to_their_new_names(
    old: Database,
) -> None:
    tenant = await upgraded(old)
    async with coop_session(old, tenant) as db:

        async def rows(query: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await db.execute(text(query))]

        assert await rows(
            "SELECT method, endpoint, min_amount, max_amount FROM payment_methods ORDER BY position"
        ) == [
            ("xendit", "unguessable", 1000, 2_000_000),
            ("cash", None, None, None),
        ]
        assert await rows(
            "SELECT method, unique_suffix, applied_to, instructions FROM payments ORDER BY reference"
        ) == [
            ("bank_transfer", 123, "purpose", {"account": "BCA 1"}),
            ("xendit", 0, None, {"qr": "0002"}),
            ("kasbon", 0, "wallet", {}),
        ]
        assert await rows(
            "SELECT payer_claimed_at IS NULL, processing_since IS NULL FROM payments ORDER BY reference"
        ) == [(False, True), (True, False), (True, True)]
        assert await rows("SELECT destination, status, requested_by FROM payment_refunds ORDER BY key") == [
            ("original_method", "done", "Ketua"),
            ("by_hand", "pending", "Ketua"),
        ]
        assert await rows("SELECT object_type, status, outcome FROM payment_events ORDER BY id") == [
            ("payment", "exception", "exception"),
            ("payment", "exception", "unknown"),
            ("payment", "done", "settled"),
            ("payment", "received", None),
        ]
        assert await rows("SELECT description, status, reason FROM statement_lines ORDER BY fingerprint") == [
            ("TRSF TONO", "matched", "reference"),
            ("TRSF TONO LAGI", "doubtful", "no_unique_suffix"),
        ]
        assert await rows("SELECT requested, deducted, applied, remark FROM payroll_lines") == [
            (5000, 4000, 3000, "cuti")
        ]
        assert await rows("SELECT payment_method FROM orders ORDER BY number") == [
            ("bank_transfer",),
            ("xendit",),
        ]
        assert await rows(
            "SELECT sku FROM products WHERE search_vector @@ to_tsquery('simple', 'beras')"
        ) == [("BRS5",)]
        assert await rows("SELECT key FROM finished_jobs ORDER BY key") == [
            ("payments.process_webhook:xendit:e3",),
            ("payments.refund:r1",),
            ("payments.sync_status:LAAAAAAAAAA1",),
            ("shop.cancel_overdue:2026-05-06",),
        ]
    async with shared_session(old) as db:
        assert (
            await db.execute(text('SELECT plan, "interval", next_interval, method FROM shared.subscriptions'))
        ).one() == (
            "tumbuh",
            "year",
            "month",
            "card",
        )
        assert (
            await db.execute(text("SELECT status, amount_due, paid_method FROM shared.invoices"))
        ).one() == (
            "paid",
            100,
            "bank_transfer",
        )


async def test_payments_and_refunds_of_before_show_their_text_and_new_ones_their_code_in_words(
    old: Database,
) -> None:
    tenant = await upgraded(old)
    async with coop_session(old, tenant) as db:
        copied = (
            "INSERT INTO payments (id, reference, key, purpose, subject_id, label_code, label_params, method,"
            " status, amount, payer_name, instructions, opened_at) SELECT gen_random_uuid(), 'LAAAAAAAAAA4',"
            " 'k4', purpose, subject_id, 'shop.order', '{\"number\": 1003}', method, 'awaiting', amount,"
            " payer_name, instructions, opened_at FROM payments WHERE key = 'k2'"
        )
        await db.execute(text(copied))
        shown = {key: await find_payment(as_reader(db), f"LAAAAAAAAAA{key}") for key in (1, 4)}
        labels = {
            key: found and (str(found.label), found.label.localize("en")) for key, found in shown.items()
        }
        assert labels == {1: ("Pesanan 1001", "Pesanan 1001"), 4: ("Pesanan 1003", "Order 1003")}
        refunds = await list_refunds(as_reader(db), UUID(PAID))
        assert [each.reason.localize("en") for each in refunds] == ["Rusak", "Kurang"]
        for both in ("payments SET label = 'x' WHERE key = 'k4'", "payment_refunds SET reason = NULL"):
            with pytest.raises(Exception, match=r"ck_payment(s_label|_refunds_reason)"):
                async with db.begin_nested():
                    await db.execute(text(f"UPDATE {both}"))


async def test_jobs_that_wait_bear_their_new_names(old: Database) -> None:
    await upgraded(old)
    async with shared_session(old) as db:
        waiting = await db.execute(text("SELECT job, key, arguments FROM shared.outbox ORDER BY id"))
        assert [tuple(row) for row in waiting] == [
            ("payments.process_webhook", "payments.process_webhook:xendit:e4", {"event": 4}),
            ("payments.sync_status", "payments.sync_status:LAAAAAAAAAA2", {"reference": "LAAAAAAAAAA2"}),
            ("payments.reconcile", "payments.reconcile:xendit:2026-05-06", {"method": "xendit"}),
            ("shop.expire_order", "shop.expire_order:c2", {"order_id": "c2"}),
            ("payments.close_unpaid", "a key of its own", {"reference": "LAAAAAAAAAA2"}),
        ]
        failed = (await db.execute(text("SELECT job, key FROM shared.failed_jobs"))).one()
        assert tuple(failed) == ("shop.cancel_superseded", "shop.cancel_superseded:c1")


async def test_a_message_that_the_broker_held_meanwhile_runs_by_its_new_name_and_no_second_time(
    old: Database,
) -> None:
    tenant = await upgraded(old)
    arguments: dict[str, Any] = {}
    assert (
        await run_job(old, tenant.schema_name, "shop.sweep_orders", "shop.sweep_orders:2026-05-06", arguments)
        is False
    )
    assert (
        await run_job(old, tenant.schema_name, "shop.sweep_orders", "shop.sweep_orders:2026-05-07", arguments)
        is True
    )


async def test_an_exception_is_still_settled_once_and_otherwise_unchanged(old: Database) -> None:
    await upgraded(old)
    async with old.owner_engine.begin() as connection:
        await connection.exec_driver_sql(f"SET LOCAL search_path = {await schema_of(connection)}")
        await connection.exec_driver_sql(
            "UPDATE payment_exceptions SET settled_at = now(), settled_by = 'Ketua' WHERE settled_at IS NULL"
        )
        for forbidden in (
            "UPDATE payment_exceptions SET note = 'x'",
            "UPDATE payment_exceptions SET params = '{}'",
            "DELETE FROM audit_entries",
            "UPDATE journals SET description = 'x'",
        ):
            with pytest.raises(Exception, match="only grows"):
                async with connection.begin_nested():
                    await connection.exec_driver_sql(forbidden)


async def test_until_it_is_upgraded_a_cooperative_says_so_and_providers_are_asked_to_come_again(
    app: HostDispatcher, database: Database, melati: TenantRef, visitor: Callable[[str], httpx.AsyncClient]
) -> None:
    async with database.owner_engine.begin() as connection:
        await connection.execute(
            text("UPDATE shared.cooperatives SET revision = '0008' WHERE slug = 'melati'")
        )
    app.hosts.clear()
    page = await visitor("melati").get("/")
    assert page.status_code == 503
    assert "Sedang diperbarui" in page.text
    for address in ("/webhooks/x", "/kait/x"):
        answer = await visitor("melati").post(address, content=b"{}")
        assert answer.status_code == 503, address
        assert answer.headers["retry-after"]
    assert (await visitor("mawar").get("/")).status_code == 200


async def test_journals_of_before_show_their_text_and_new_ones_their_code_in_words(old: Database) -> None:
    tenant = await upgraded(old)
    async with coop_session(old, tenant) as db:
        lines = [JournalLine.to_debit(CASH, Rupiah(5)), JournalLine.to_credit(BANK, Rupiah(5))]
        day = date(2026, 6, 1)
        sale = Journal(day, describe("shop.sale", number=1042), "test:sale", lines)
        posted = await post_journals(db, [sale, Journal(day, "Diketik", "test:typed", lines)], by="t")
        ro = as_reader(db)
        shown = {each.number: each.description for each in await list_journals(ro)}
        assert [str(shown[number]) for number in (1, 2, 3)] == ["Saldo awal", "Pembayaran", "Pengembalian"]
        coded, typed = (shown[each.number] for each in posted)
        assert (coded.localize("id"), coded.localize("en")) == ("Penjualan, pesanan 1042", "Sale, order 1042")
        assert (typed.code, typed.localize("en")) == (None, "Diketik")
