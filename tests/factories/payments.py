"""Ways switched on with sealed secrets, payments opened by use cases, and what must hold of the books after
any history of them.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, get_args
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

import banking.tasks  # noqa: F401
import payments.tasks  # noqa: F401 - the jobs of both rooms are known once they were imported
import shop.tasks  # noqa: F401
from credit import terms as credit
from factories import shop as goods
from factories.qris_codes import static_qris
from factories.shop import CASHIER, TODAY
from fakes.fake_stripe import FakeStripe
from gateways.protocol import ProviderStatus, get_provider
from governance.models import BylawsVersion
from governance.queries import get_bylaws_on
from governance.rules import PaymentMethodCode, UniqueSuffixPolicy, encode_bylaws
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database, as_reader
from kernel.ids import new_id
from kernel.money import Rupiah
from kernel.settings import Settings
from ledger import Journal, JournalLine, post_journal
from ledger.chart import CASH
from ledger.descriptions import describe
from payments import exceptions_queue, methods, refund_payment, state_machine, vault
from payments.member_funds import Consent
from payments.models import Payment, PaymentMethodRow, PaymentRefund
from payments.open_payment import PaymentRequest, open_payment
from payments.rules import RefundDestination
from shop.models import Order
from shop.place_order import Buyer, Checkout, place_order
from tenants.registry import TenantRef
from tenants.session import coop_reader, coop_session, get_tenant
from tenants.worker import run_job

ACCOUNT: Final = "BCA 1234567890 a.n. Koperasi Melati"
GATEWAYS: Final = ("stripe", "midtrans", "xendit")
SECRETS: Final[Mapping[str, Mapping[str, str]]] = {
    "stripe": {"secret_key": FakeStripe.key_of("melati"), "webhook_secret": "whsec_melati"},
    "midtrans": {"server_key": "SB-Mid-server-tiruan"},
    "xendit": {"secret_key": "xnd_development_tiruan", "callback_token": "token-tiruan"},
}
PLAIN_SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "bank_transfer": {"account": ACCOUNT},
    "qris": {"payload": static_qris()},
}


async def enable_methods(
    db: AsyncSession,
    *names: str,
    transfer_suffix: UniqueSuffixPolicy = "savings",
    fee_percent: str = "0",
    fee_fixed: int = 0,
    secrets: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    live: bool = False,
) -> dict[str, str]:
    """Offer these ways (default: all), secrets sealed as an officer's would be; return the end of each one's
    webhook address.

    The bylaws allow every method from ``TODAY``'s year on. ``live`` False: the keys are of fake gateways and
    move no real money.
    """
    found = await get_bylaws_on(db, TODAY)
    allowed = msgspec.structs.replace(
        found.bylaws, payment_methods=get_args(PaymentMethodCode), transfer_suffix=transfer_suffix
    )
    if allowed != found.bylaws:
        version = int(await as_reader(db).value("SELECT max(version) + 1 FROM bylaws"))
        row = BylawsVersion(
            version=version,
            effective_on=date(2026, 1, 1),
            template=found.template,
            document=encode_bylaws(allowed),
            adopted_by="uji",
        )
        db.add(row)
    schema, keys = get_tenant(db).schema_name, (settings or Settings()).encryption_keys
    endpoints = {}
    for at, name in enumerate(names or get_args(PaymentMethodCode)):
        clear = SECRETS.get(name, {}) if secrets is None else secrets
        calls_back = get_provider(name).capabilities().has_webhooks
        endpoints[name] = f"{name}-{new_id().hex}" if calls_back else ""
        fees = (
            {} if calls_back and name != "midtrans" else {"fee_percent": fee_percent, "fee_fixed": fee_fixed}
        )
        await db.merge(
            PaymentMethodRow(
                method=name,
                enabled=True,
                position=at,
                settings=dict(PLAIN_SETTINGS.get(name, {})),
                secrets={
                    each: vault.seal(keys, schema, methods.secret_label(name, each), clear[each])
                    for each in clear
                },
                endpoint=endpoints[name] or None,
                live=live if calls_back else True,
                **fees,
            )
        )
    await db.flush()
    return endpoints


async def create_order_payment(
    db: AsyncSession,
    method: str,
    *,
    buyer: Buyer | None = None,
    price: int = 50_000,
    stock: int = 10,
    product_id: UUID | None = None,
    quantity: int = 1,
) -> tuple[Order, Payment]:
    """Order goods of this price by a way, with a PIN's consent where it asks for one; the default buyer is
    member 0001.
    """
    if product_id is None:
        product_id = (await goods.create_product(db, stock=stock, cost=min(30_000, price), price=price)).id
    buyer = buyer or await goods.get_member_buyer(db)
    checkout = Checkout(
        goods={product_id: quantity},
        buyer=buyer,
        fulfilment="pickup",
        payment_method=method,  # type: ignore[arg-type]
        key=new_id().hex,
        consent=Consent(buyer.member_id, clock.now()) if buyer.member_id else None,
    )
    order = await place_order(db, Actor("visitor", buyer.name), checkout, on=TODAY)
    return order, await goods.get_latest_payment(db, order)


async def open_member_payment(
    db: AsyncSession,
    purpose: str,
    method: str,
    amount: int = 50_000,
    *,
    number: str = "0001",
    key: str | None = None,
) -> Payment:
    """Open a member's top-up or repayment."""
    buyer = await goods.get_member_buyer(db, number)
    assert buyer.member_id is not None
    ask = PaymentRequest(
        purpose=purpose,
        subject_id=buyer.member_id,
        label=describe(f"payments.{purpose}"),
        amount=Rupiah(amount),
        method=method,
        payer_name=buyer.name,
        member_id=buyer.member_id,
        key=key or new_id().hex,
    )
    return await open_payment(db, Actor("member", buyer.name), ask, on=TODAY)


async def grant_credit(
    db: AsyncSession, *, kasbon: int = 200_000, payroll: int = 200_000, number: str = "0001"
) -> None:
    """Let a member owe so much by each way."""
    member_id = (await goods.get_member_buyer(db, number)).member_id
    assert member_id is not None
    await credit.grant_credit(db, CASHIER, member_id, kasbon=Rupiah(kasbon), payroll=Rupiah(payroll))


async def deposit(db: AsyncSession, account: str, amount: int, number: str = "0001") -> None:
    """Put money on a member's account over the counter: a wallet, savings."""
    member_id = (await goods.get_member_buyer(db, number)).member_id
    lines = [
        JournalLine.to_debit(CASH, Rupiah(amount)),
        JournalLine.to_credit(account, Rupiah(amount), member_id),
    ]
    await post_journal(db, Journal(TODAY, "Setor di loket", f"test:{new_id()}", lines), by="Rina Kasir")


def provider_status(payment: Payment, state: str = "paid", **more: Any) -> ProviderStatus:
    """What a provider that tells the truth says of a payment when it is asked."""
    given = {
        "reference": payment.reference,
        "provider_reference": payment.provider_reference or f"theirs-{payment.reference}",
        "amount": Rupiah(payment.amount if state == "paid" else 0),
    }
    return ProviderStatus(payment_status=state, **(given | more))  # type: ignore[arg-type]


async def mark_paid(db: AsyncSession, payment: Payment, **more: Any) -> Payment:
    """The money of a payment has come, by the word of whoever may say so of its way."""
    payment = await state_machine.lock_payment(db, payment.reference)
    if payment.method in ("bank_transfer", "qris"):
        await state_machine.confirm_by_officer(db, CASHIER, payment.reference, on=TODAY)
    elif payment.method in GATEWAYS:
        assert (
            await state_machine.apply_provider_status(db, payment, provider_status(payment, **more), on=TODAY)
            == "settled"
        )
    return payment


async def issue_refund(
    db: AsyncSession, payment: Payment, amount: int, destination: RefundDestination = "by_hand"
) -> PaymentRefund:
    """An officer gives so much of a locked payment back."""
    return await refund_payment.request_refund(
        db, CASHIER, payment, Rupiah(amount), destination, "Batal", key=new_id().hex, on=TODAY
    )


async def list_open_reasons(db: AsyncSession, payment: Payment) -> list[str]:
    """The reasons of a payment's open exceptions, oldest first."""
    return [each.reason for each in await exceptions_queue.list_open_exceptions_of(db, payment.id)]


async def resolve_exceptions(db: AsyncSession, payment: Payment, note: str = "Sudah dilihat") -> None:
    """An officer settles all that must be looked at in a locked payment."""
    for each in await exceptions_queue.list_open_exceptions_of(db, payment.id):
        await exceptions_queue.resolve_exception(db, CASHIER, payment, each.id, note)


async def journal_lines(db: AsyncSession, source_key: str) -> list[tuple[str, int, int]]:
    """The (account, debit, credit) of a journal, by its cause; nothing where there is none."""
    records = await as_reader(db).records(
        "SELECT l.account, l.debit, l.credit FROM journal_lines l JOIN journals j ON j.number = "
        "l.journal WHERE j.source_key = $1"
        " ORDER BY l.line",
        source_key,
    )
    return [(each["account"], each["debit"], each["credit"]) for each in records]


async def last_journal_lines(db: AsyncSession) -> list[tuple[str, int, int]]:
    """The lines of the newest journal."""
    key = await as_reader(db).value("SELECT source_key FROM journals ORDER BY number DESC LIMIT 1")
    return await journal_lines(db, key)


# What must hold of books and payments

_UNBALANCED: Final = "SELECT journal FROM journal_lines GROUP BY journal HAVING sum(debit) <> sum(credit)"
_DRIFTED: Final = (
    "SELECT b.account FROM balances b JOIN accounts a ON a.code = b.account"
    " LEFT JOIN (SELECT account, coalesce(party, '00000000-0000-0000-0000-000000000000') AS party, "
    "sum(debit - credit) AS moved"
    " FROM journal_lines GROUP BY 1, 2) AS l ON l.account = b.account AND l.party = b.party"
    " WHERE b.balance <> coalesce(l.moved, 0) * CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END"
)
# a payment has one journal once it is paid, and none before; so have refunds; fees have none or one
_JOURNALS: Final = (
    "SELECT p.reference FROM payments p WHERE (p.live OR p.purpose <> 'trial') AND"
    " ((SELECT count(*) FROM journals j WHERE j.source_key = 'payment:' || p.id)"
    "  <> CASE WHEN p.status IN ('paid', 'partly_refunded', 'refunded') THEN 1 ELSE 0 END"
    " OR coalesce(p.fee, 0) <> (SELECT coalesce(sum(l.debit), 0) FROM journals j JOIN journal_lines l "
    "ON l.journal = j.number"
    "    WHERE j.source_key = 'payment:' || p.id || ':fee')"
    " OR p.refunded <> (SELECT coalesce(sum(r.amount), 0) FROM payment_refunds r WHERE r.payment_id = "
    "p.id AND r.status = 'done')"
    " OR p.amount <> (SELECT coalesce(sum(l.debit), p.amount) FROM journals j JOIN journal_lines l ON "
    "l.journal = j.number"
    "    WHERE j.source_key = 'payment:' || p.id))"
    " UNION ALL SELECT r.key FROM payment_refunds r JOIN payments p ON p.id = r.payment_id WHERE "
    "(p.live OR p.purpose <> 'trial')"
    " AND CASE WHEN r.status = 'done' THEN r.amount ELSE 0 END <> (SELECT coalesce(sum(l.debit), 0) "
    "FROM journals j"
    "    JOIN journal_lines l ON l.journal = j.number WHERE j.source_key = 'refund:' || r.id)"
)
# where payments brought money in and took it out, reckoned from the payments' own rows
_MONEY: Final = (
    "WITH account AS (SELECT * FROM (VALUES ('cash', '1101'), ('bank_transfer', '1102'), ('qris', "
    "'1103'), ('stripe', '1105'),"
    " ('midtrans', '1106'), ('xendit', '1107'), ('savings', '2111'), ('wallet', '2104'), ('kasbon', "
    "'1110'), ('payroll', '1112'))"
    " AS a(method, code)),"
    " moved AS (SELECT a.code, p.amount - coalesce(p.fee, 0) AS amount FROM payments p JOIN account a "
    "USING (method)"
    "  WHERE p.status IN ('paid', 'partly_refunded', 'refunded') AND (p.live OR p.purpose <> 'trial')"
    " UNION ALL SELECT CASE WHEN r.destination = 'wallet' THEN '2104' WHEN r.destination = 'by_hand' "
    "AND p.method "
    "<> 'cash' THEN '1102'"
    "  ELSE a.code END, -r.amount FROM payment_refunds r JOIN payments p ON p.id = r.payment_id JOIN "
    "account a USING (method)"
    "  WHERE r.status = 'done' AND (p.live OR p.purpose <> 'trial')"
    " UNION ALL SELECT CASE WHEN p.purpose = 'top_up' OR p.applied_to = 'wallet' THEN '2104' WHEN "
    "p.purpose = 'repayment' THEN '1110'"
    "  END, -(p.amount - p.unique_suffix - p.refunded) FROM payments p WHERE p.status IN ('paid', "
    "'partly_refunded', 'refunded')"
    "  AND (p.purpose IN ('top_up', 'repayment') OR p.applied_to = 'wallet')"
    " UNION ALL SELECT '2111', -p.unique_suffix FROM payments p WHERE p.unique_suffix > 0 AND $1 AND "
    "p.member_id IS NOT NULL"
    "  AND p.status IN ('paid', 'partly_refunded', 'refunded')),"
    " reckoned AS (SELECT code, sum(amount) AS amount FROM moved GROUP BY code),"
    " booked AS (SELECT l.account AS code, sum(l.debit - l.credit) AS amount FROM journal_lines l JOIN "
    "journals j ON j.number = l.journal"
    "  WHERE j.source_key LIKE 'payment:%' OR j.source_key LIKE 'refund:%' GROUP BY l.account)"
    " SELECT code, coalesce(r.amount, 0)::bigint AS reckoned, coalesce(b.amount, 0)::bigint AS booked "
    "FROM account a"
    " LEFT JOIN reckoned r USING (code) LEFT JOIN booked b USING (code) WHERE coalesce(r.amount, 0) <> "
    "coalesce(b.amount, 0)"
)
_OWED: Final = (
    "SELECT coalesce(sum(amount - unique_suffix - least(refunded, amount - unique_suffix)), 0) FROM "
    "payments WHERE "
    "applied_to = 'owed'"
    " AND status IN ('paid', 'partly_refunded', 'refunded')"
)


async def assert_invariants(db: AsyncSession, *, suffix_to_savings: bool = True) -> None:
    """Assert what must hold after any history of payments.

    Every journal is balanced and every balance is the sum of its lines; a paid payment has one journal, one
    not paid has none, and so with refunds and fees; each account holds what the payments' own rows say;
    stock, promises and customers' advances agree.
    """
    await goods.assert_books_agree(db)
    ro = as_reader(db)
    assert not await ro.records(_UNBALANCED)
    assert not await ro.records(_DRIFTED)
    assert not await ro.records(_JOURNALS)
    wrong = [tuple(each) for each in await ro.records(_MONEY, suffix_to_savings)]
    assert not wrong, wrong
    held = await ro.value("SELECT coalesce(sum(balance), 0) FROM balances WHERE account = '2105'")
    assert held == await ro.value(_OWED)


async def count_postings(database: Database, tenant: TenantRef) -> int:
    """How many journals payments have, fees left out."""
    async with coop_reader(database, tenant) as ro:
        return int(
            await ro.value(
                "SELECT count(*) FROM journals WHERE source_key LIKE 'payment:%' AND source_key NOT "
                "LIKE '%:fee'"
            )
        )


async def assert_invariants_in(database: Database, tenant: TenantRef) -> None:
    """As ``assert_invariants``, in a session of its own."""
    async with coop_session(database, tenant) as db:
        await assert_invariants(db)


# Work


async def run_due_jobs(database: Database, *, ahead: timedelta = timedelta(), most: int = 200) -> list[str]:
    """Do the jobs that are due, and what they lead to, in this process; ``ahead`` also does those of the time
    to come.

    Return the names of the jobs done, in their order.
    """
    done: list[str] = []
    for _ in range(most):
        async with database.owner_engine.begin() as connection:
            row = (
                await connection.execute(
                    text(
                        "DELETE FROM shared.outbox WHERE id = (SELECT id FROM shared.outbox WHERE "
                        "due_at <= :until AND job ~ '^(payments|shop)[.]' ORDER BY due_at, id LIMIT 1)"
                        " RETURNING coop_role, job, key, arguments"
                    ),
                    {"until": clock.now() + ahead},
                )
            ).first()
        if row is None:
            return done
        await run_job(database, row.coop_role, row.job, row.key, row.arguments)
        done.append(row.job)
    raise AssertionError(f"there is no end of jobs: {done[-5:]}")


def use_fake_gateways(database: Database, **addresses: str) -> None:
    """Let fake gateways answer in the place of the real services."""
    database.settings = replace(database.settings, fake_gateways=tuple(addresses.items()))
