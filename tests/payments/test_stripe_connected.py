"""A connected account is used only by the cooperative for which the operator connected it."""

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from factories.shop import CASHIER
from gateways.stripe_provider import PLATFORM_FEE_PERCENT, PLATFORM_KEY
from kernel.database import Database
from kernel.errors import DomainError
from kernel.settings import Settings, load
from payments import configure_method, method_settings_rules, methods
from tenants.registry import TenantRef

CONNECTED = Settings(
    billing_stripe_key="sk_test_of_the_platform",
    stripe_accounts=(("melati", "acct_of_melati"), ("mawar", "acct_of_mawar")),
)


async def connect(db: AsyncSession, account: str, settings: Settings = CONNECTED) -> methods.PaymentMethod:
    method = await methods.get_method(db, "stripe")
    change = configure_method.MethodChange(
        expected_version=method_settings_rules.version_of(method),
        settings={"mode": "connected", "account": account},
    )
    return await configure_method.update_method(db, CASHIER, "stripe", change, settings=settings)


async def test_the_platforms_key_is_for_the_account_that_was_connected(
    db: AsyncSession, database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    method = await connect(db, "acct_of_melati")
    database.settings = replace(CONNECTED, database_url=database.settings.database_url)
    assert methods.build_provider_account(database, melati, method).secrets == {
        PLATFORM_KEY: "sk_test_of_the_platform"
    }
    assert (
        methods.build_provider_account(database, mawar, method).secrets == {}
    )  # however the account came there


@pytest.mark.parametrize(
    "platform_settings", [CONNECTED, Settings(billing_stripe_key="sk_test_of_the_platform")]
)
async def test_an_account_of_others_is_refused(db: AsyncSession, platform_settings: Settings) -> None:
    """Otherwise its payments, payouts and balance would be read with the platform's key."""
    with pytest.raises(DomainError) as refused:
        await connect(db, "acct_of_mawar", platform_settings)
    assert refused.value.code == "payments.account_not_connected"


async def test_what_the_platform_keeps_is_the_operators_to_say_and_no_officers(
    db: AsyncSession, database: Database, melati: TenantRef, mawar: TenantRef
) -> None:
    method = await connect(db, "acct_of_melati")
    own = {"mode": "connected", "account": "acct_of_melati", PLATFORM_FEE_PERCENT: "0"}
    change = configure_method.MethodChange(
        expected_version=method_settings_rules.version_of(method), settings=own
    )
    with pytest.raises(DomainError) as refused:
        await configure_method.update_method(db, CASHIER, "stripe", change, settings=CONNECTED)
    assert refused.value.code == "payments.setting_unknown"
    percent = load({"LUMBUNG_STRIPE_FEE_PERCENT": "1.5"}).stripe_fee_percent
    database.settings = replace(
        CONNECTED, database_url=database.settings.database_url, stripe_fee_percent=percent
    )
    method.settings[PLATFORM_FEE_PERCENT] = "0"  # however it came there
    assert methods.build_provider_account(database, melati, method).settings[PLATFORM_FEE_PERCENT] == "1.5"
    assert PLATFORM_FEE_PERCENT not in methods.build_provider_account(database, mawar, method).settings


@pytest.mark.parametrize("text", ["100", "-1", "1,5", "1.55555", "satu", "NaN"])
def test_a_fee_that_is_no_percentage_starts_nothing(text: str) -> None:
    with pytest.raises(DomainError):
        load({"LUMBUNG_STRIPE_FEE_PERCENT": text})


@pytest.mark.parametrize(
    "text", ["melati", "melati=", "=acct_1", "melati=sk_1", "melati=acct_1,mawar=acct_1"]
)
def test_accounts_are_told_one_for_each_cooperative(text: str) -> None:
    with pytest.raises(DomainError):
        load({"LUMBUNG_STRIPE_ACCOUNTS": text})
    assert load({"LUMBUNG_STRIPE_ACCOUNTS": "melati=acct_1"}).stripe_account("melati") == "acct_1"
