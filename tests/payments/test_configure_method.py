"""Setting up payment methods: what is stored, what is rejected, and what the audit log contains and never
contains.
"""

import asyncio
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

import governance.queries
from factories.qris_codes import static_qris
from factories.shop import TODAY
from governance.adopt_bylaws import adopt_bylaws
from kernel import clock
from kernel.actor import Actor
from kernel.database import Database, as_reader
from kernel.errors import DomainError
from kernel.money import Rupiah
from kernel.settings import Settings
from payments import configure_method, issue_refund, method_settings_rules, methods, queries, state_machine
from payments.configure_method import MethodChange
from payments.models import Payment
from tenants.registry import TenantRef
from tenants.session import coop_session

CHAIR = Actor("officer", "Ketua Melati")
DEVELOPMENT = Settings()
PRODUCTION = Settings(environment="production", master_keys=(("a", b"k" * 32),))
WITH_FAKE_GATEWAY = Settings(fake_gateways=(("xendit", "http://127.0.0.1:9"),))
XENDIT = {"secret_key": "xnd_production_a1b2", "callback_token": "kata-rahasia"}


async def change(
    db: AsyncSession, name: str, *, running: Settings = DEVELOPMENT, mark: str | None = None, **params: object
) -> methods.PaymentMethod:
    if mark is None:
        mark = method_settings_rules.version_of(await methods.get_method(db, name))
    return await configure_method.update_method(
        db, CHAIR, name, MethodChange(expected_version=mark, **params), settings=running
    )  # type: ignore[arg-type]


async def allow(db: AsyncSession, *names: str) -> None:
    """Adopt bylaws that allow these methods."""
    latest = await governance.queries.get_latest_version(db)
    bylaws = msgspec.structs.replace(latest.bylaws, payment_methods=names)  # type: ignore[arg-type]
    await adopt_bylaws(db, CHAIR, bylaws, clock.today(), "", latest.version)


async def read_audit_log(db: AsyncSession) -> str:
    return str(
        await as_reader(db).value(
            "SELECT string_agg(params::text, ' ') FROM audit_entries WHERE action = $1",
            "payments.way_changed",
        )
    )


async def test_a_secret_is_sealed_and_neither_row_nor_trail_shows_it(db: AsyncSession) -> None:
    method = await change(db, "xendit", secrets=XENDIT)
    assert set(method.sealed_secrets) == set(XENDIT)
    row = await as_reader(db).value(
        "SELECT payment_methods::text FROM payment_methods WHERE method = 'xendit'"
    )
    for clear in XENDIT.values():
        assert clear not in row
        assert clear not in await read_audit_log(db)
    assert '"secrets": ["callback_token", "secret_key"]' in await read_audit_log(db)
    assert method.endpoint is not None
    assert len(method.endpoint) >= 40


async def test_what_is_not_typed_again_stays_and_what_is_ticked_goes(db: AsyncSession) -> None:
    first = await change(db, "xendit", secrets=XENDIT)
    saved = await change(db, "xendit", secrets={"secret_key": "xnd_production_baru"})
    assert saved.sealed_secrets["callback_token"] == first.sealed_secrets["callback_token"]
    assert saved.sealed_secrets["secret_key"] != first.sealed_secrets["secret_key"]
    assert saved.endpoint == first.endpoint
    gone = await change(db, "xendit", removed_secrets=frozenset({"callback_token"}))
    assert set(gone.sealed_secrets) == {"secret_key"}


@pytest.mark.parametrize(
    ("running", "key", "live"),
    [
        (DEVELOPMENT, "xnd_production_a", True),
        (DEVELOPMENT, "xnd_development_a", False),
        (WITH_FAKE_GATEWAY, "xnd_production_a", False),
    ],
)
async def test_money_is_real_as_the_key_says_and_never_where_a_fake_gateway_answers(
    db: AsyncSession, running: Settings, key: str, live: bool
) -> None:
    method = await change(db, "xendit", running=running, secrets=XENDIT | {"secret_key": key})
    assert method.live is live
    again = await change(db, "xendit", running=running, fee_fixed=Rupiah(100))
    assert again.live is live  # the key that is kept is asked, too


@pytest.mark.parametrize(
    ("method", "settings", "key", "live"),
    [
        ("stripe", {}, "sk_live_a", True),
        ("stripe", {}, "rk_live_a", True),
        ("stripe", {}, "sk_test_a", False),
        ("stripe", {}, "", False),
        ("midtrans", {"environment": "production"}, "Mid-server-a", True),
        ("midtrans", {"environment": "sandbox"}, "Mid-server-a", False),
        ("midtrans", {}, "Mid-server-a", False),
        ("qris", {}, "", True),
        ("bank_transfer", {}, "", True),
    ],
)
def test_each_provider_has_its_own_mark_of_real_money(
    method: str, settings: dict[str, str], key: str, live: bool
) -> None:
    assert method_settings_rules.moves_real_money(method, settings, key, is_faked=False) is live
    assert not method_settings_rules.moves_real_money(method, settings, key, is_faked=True)


async def test_a_way_whose_money_is_not_real_is_never_offered_in_production(db: AsyncSession) -> None:
    await allow(db, "cash", "xendit")
    trial = XENDIT | {"secret_key": "xnd_development_a"}
    await change(db, "xendit", running=PRODUCTION, secrets=trial)
    with pytest.raises(DomainError) as refused:
        await configure_method.enable_method(db, CHAIR, "xendit", settings=PRODUCTION, on=clock.today())
    assert refused.value.code == "payments.stand_in_refused"


async def test_in_development_it_is_and_says_that_it_is_a_trial(db: AsyncSession) -> None:
    await allow(db, "cash", "xendit")
    await change(db, "xendit", secrets=XENDIT | {"secret_key": "xnd_development_a"})
    method = await configure_method.enable_method(db, CHAIR, "xendit", settings=DEVELOPMENT, on=clock.today())
    assert method.enabled
    assert not method.live


async def test_a_way_that_is_on_does_not_lose_what_it_needs(db: AsyncSession) -> None:
    await allow(db, "cash", "xendit")
    await change(db, "xendit", secrets=XENDIT)
    await configure_method.enable_method(db, CHAIR, "xendit", settings=DEVELOPMENT, on=clock.today())
    with pytest.raises(DomainError) as refused:
        await change(db, "xendit", removed_secrets=frozenset({"callback_token"}))
    assert (refused.value.code, refused.value.params["field"]) == (
        "payments.setting_missing",
        "callback_token",
    )


@pytest.mark.parametrize(
    ("allowed", "name", "code"),
    [
        (("cash",), "xendit", "payments.way_not_in_bylaws"),
        (("cash", "xendit"), "xendit", "payments.way_incomplete"),
        (("cash", "stripe"), "stripe", "payments.way_incomplete"),
        (("cash", "qris"), "qris", "payments.way_incomplete"),
        (("cash",), "barter", "payments.no_such_way"),
    ],
)
async def test_what_cannot_serve_buyers_is_not_switched_on(
    db: AsyncSession, allowed: tuple[str, ...], name: str, code: str
) -> None:
    await allow(db, *allowed)
    with pytest.raises(DomainError) as refused:
        await configure_method.enable_method(db, CHAIR, name, settings=DEVELOPMENT, on=clock.today())
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("name", "params", "code"),
    [
        (
            "xendit",
            {"settings": {"secret_key": "xnd_a"}},
            "payments.setting_unknown",
        ),  # a secret among the plain settings
        ("xendit", {"secrets": {"channels": "all"}}, "payments.setting_unknown"),
        ("xendit", {"settings": {"channels": "tukar"}}, "payments.setting_unknown"),
        # not without having been looked at
        ("qris", {"settings": {"payload": "000201"}}, "payments.setting_unknown"),
        ("stripe", {"secrets": {"secret_key": "pk_live_a"}}, "payments.beginning_wrong"),
        ("bank_transfer", {"fee_percent": Decimal("20.5")}, "payments.fee_out_of_range"),
        ("bank_transfer", {"fee_percent": Decimal(-1)}, "payments.fee_out_of_range"),
        ("bank_transfer", {"min_amount": Rupiah(2), "max_amount": Rupiah(1)}, "payments.limits_crossed"),
        ("cash", {"mark": "lain"}, "payments.way_changed_meanwhile"),
    ],
)
async def test_what_does_not_belong_is_refused(
    db: AsyncSession, name: str, params: dict[str, object], code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        await change(db, name, **params)  # type: ignore[arg-type]
    assert refused.value.code == code


async def test_moving_a_way_changes_its_place_and_nothing_else(db: AsyncSession) -> None:
    before = [method.method for method in await methods.list_methods(db)]
    await configure_method.move_down(db, CHAIR, before[0])
    await db.flush()
    moved = [method.method for method in await methods.list_methods(db)]
    assert moved == [before[1], before[0], *before[2:]]
    await configure_method.move_up(db, CHAIR, before[1])  # it is the first already
    await db.flush()
    after = await methods.list_methods(db)
    assert [method.method for method in after] == moved
    assert {method.method for method in after if method.enabled} == set(methods.ENABLED_BY_DEFAULT)


async def test_a_sticker_is_kept_as_it_was_recognised(db: AsyncSession) -> None:
    mark = method_settings_rules.version_of(await methods.get_method(db, "qris"))
    method = await configure_method.save_sticker(
        db, CHAIR, f"  {static_qris()}\n", mark, settings=DEVELOPMENT
    )
    assert method.settings["payload"] == static_qris()
    assert method.is_complete
    assert "KOPERASI MELATI" in await read_audit_log(db)


async def test_an_address_for_messages_can_be_replaced(db: AsyncSession) -> None:
    first = await change(db, "xendit", secrets=XENDIT)
    second = await configure_method.replace_webhook_url(db, CHAIR, "xendit", settings=DEVELOPMENT)
    assert first.endpoint != second.endpoint
    with pytest.raises(DomainError):
        await configure_method.replace_webhook_url(db, CHAIR, "cash", settings=DEVELOPMENT)


async def test_two_officers_who_save_at_once_do_not_mix(database: Database, melati: TenantRef) -> None:
    async with coop_session(database, melati) as db:
        mark = method_settings_rules.version_of(await methods.get_method(db, "bank_transfer"))

    async def save(account: str, fee: int) -> str:
        try:
            async with coop_session(database, melati) as db:
                await change(
                    db, "bank_transfer", mark=mark, settings={"account": account}, fee_fixed=Rupiah(fee)
                )
        except DomainError as error:
            return error.code
        return account

    results = await asyncio.gather(save("BCA 1", 1), save("BRI 2", 2))
    assert sorted(results)[1] == "payments.way_changed_meanwhile"
    async with coop_session(database, melati) as db:
        method = await methods.get_method(db, "bank_transfer")
    assert (method.settings["account"], int(method.fee_fixed)) in {("BCA 1", 1), ("BRI 2", 2)}


async def test_officers_who_move_ways_at_once_lose_none(database: Database, melati: TenantRef) -> None:
    async def move(name: str) -> None:
        async with coop_session(database, melati) as db:
            await configure_method.move_up(db, CHAIR, name)

    await asyncio.gather(move("cash"), move("savings"), move("qris"), move("cash"))
    async with coop_session(database, melati) as db:
        ordered = [method.method for method in await methods.list_methods(db)]
        places = await as_reader(db).records("SELECT position FROM payment_methods")
    assert sorted(ordered) == sorted(set(ordered))
    assert len({row["position"] for row in places}) == len(places)


async def _paid_test_payment(db: AsyncSession, *, live: bool) -> Payment:
    """A test payment by QRIS that an officer has confirmed, with a fee of one percent."""
    mark = method_settings_rules.version_of(await methods.get_method(db, "qris"))
    await configure_method.save_sticker(db, CHAIR, static_qris(), mark, settings=DEVELOPMENT)
    await change(db, "qris", fee_percent=Decimal(1))
    payment = await configure_method.start_method_test(db, CHAIR, "qris", key="percobaan-1", on=TODAY)
    again = await configure_method.start_method_test(db, CHAIR, "qris", key="percobaan-1", on=TODAY)
    assert again.id == payment.id
    payment.live = live
    await db.flush()
    return await state_machine.confirm_by_officer(db, CHAIR, payment.reference, on=TODAY)


async def _journals(db: AsyncSession, payment: Payment) -> int:
    await db.flush()
    refunds = [f"refund:{each.id}" for each in await queries.list_refunds(db, payment.id)]
    keys = [f"payment:{payment.id}", f"payment:{payment.id}:fee", *refunds]
    return int(await as_reader(db).value("SELECT count(*) FROM journals WHERE source_key = ANY($1)", keys))


async def _refund(db: AsyncSession, payment: Payment) -> None:
    await issue_refund.issue_refund(
        db, CHAIR, payment.reference, Rupiah(10_000), "by_hand", "selesai mencoba", key="1", on=TODAY
    )


async def test_a_trial_with_real_money_is_owed_until_it_is_given_back(db: AsyncSession) -> None:
    payment = await _paid_test_payment(db, live=True)
    owed = "SELECT coalesce(sum(balance), 0)::bigint FROM balances WHERE account = '2105'"
    await db.flush()
    assert (payment.status, payment.fee) == ("paid", 100)
    assert await as_reader(db).value(owed) == 10_000
    await _refund(db, payment)
    assert await as_reader(db).value(owed) == 0
    assert payment.status == "refunded"
    assert await _journals(db, payment) == 3


async def test_a_trial_without_real_money_leaves_no_trace_in_the_books(db: AsyncSession) -> None:
    payment = await _paid_test_payment(db, live=False)
    assert (payment.status, payment.journal, payment.fee) == ("paid", None, None)
    await _refund(db, payment)
    assert payment.status == "refunded"
    assert await _journals(db, payment) == 0


@pytest.mark.parametrize(
    ("name", "code"), [("cash", "payments.way_not_tried"), ("xendit", "payments.way_incomplete")]
)
async def test_what_cannot_be_tried_is_not(db: AsyncSession, name: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        await configure_method.start_method_test(db, CHAIR, name, key="percobaan-2", on=clock.today())
    assert refused.value.code == code


def test_a_change_does_not_show_its_secrets_when_it_is_printed() -> None:
    assert "rahasia" not in repr(MethodChange(expected_version="", secrets={"secret_key": "rahasia"}))
