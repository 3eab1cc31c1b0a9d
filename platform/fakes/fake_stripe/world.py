"""The fake's state: accounts with keys, their objects, the time, and events."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, get_args, get_type_hints

import stripe

from fakes.fake_stripe.errors import StripeApiError, invalid
from fakes.fake_stripe.faults import Faults
from fakes.fake_stripe.store import AccountStore, Resource, new_id, serialize
from fakes.fake_stripe.timeline import Clock, TestClock, Timeline

API_VERSION = stripe.api_version
EVENT_TYPES = frozenset(get_args(get_type_hints(stripe.Event)["type"]))
# Existing demos have stored these keys and accounts, so their spelling stays.
PLATFORM = "acct_standin_platform"
PLATFORM_KEY = "sk_test_standin_platform"
# a key with this prefix opens a separate account, named by the rest of the key
OWN_KEY = "sk_test_standin_"
# The default methods of an Indonesian account; QRIS and e-wallets need an invitation (see `enable`).
DEFAULT_METHODS = ("card", "id_bank_transfer")
Watcher = Callable[[str, Resource], None]


class World:
    """The whole state of one fake.

    ``smallest`` is the minimum payment in idr, in hundredths of a rupiah.
    """

    def __init__(self, clock: Clock, *, smallest: int = 800_000, async_after: int | None = None) -> None:
        self.time = Timeline(clock)
        self.faults = Faults()
        self.min_amount, self.async_after = smallest, async_after
        self.after_last_retry = (
            # or "canceled" or "unpaid": the account's setting for subscriptions that stay unpaid
            "past_due"
        )
        self.origin = "http://127.0.0.1"
        self.stores: dict[str, AccountStore] = {}
        self.accounts: dict[str, Resource] = {}
        self.clocks: dict[str, TestClock] = {}
        self.watchers: list[Watcher] = []
        self.ignored_params: set[tuple[str, str]] = set()
        self.authenticate(PLATFORM_KEY)

    def store(self, account: str) -> AccountStore:
        """Return the objects of an account."""
        return self.stores.setdefault(account, AccountStore(account))

    def authenticate(self, key: str) -> str:
        """Return the account of a secret key.

        Raises StripeApiError (401) for any other key, such as a live one.
        """
        if not key.startswith(OWN_KEY) or len(key) == len(OWN_KEY):
            hidden = f"{key[:8]}{'*' * max(len(key) - 12, 0)}{key[-4:]}" if len(key) > 12 else "*" * len(key)
            raise StripeApiError(401, "invalid_request_error", f"Invalid API Key provided: {hidden}")
        account = f"acct_standin_{key.removeprefix(OWN_KEY)}"
        if account not in self.accounts:
            self.open_account(account, owner=None, ready=True)
        return account

    def open_account(self, name: str, *, owner: str | None, ready: bool, **more: Any) -> Resource:
        account = {
            "id": name,
            "object": "account",
            "business_profile": None,
            "business_type": None,
            "capabilities": {},
            "charges_enabled": ready,
            "company": None,
            "controller": {"type": "application" if owner else "account"},
            "country": "ID",
            "created": self.time.now(),
            "default_currency": "idr",
            "details_submitted": ready,
            "email": None,
            "external_accounts": {
                "object": "list",
                "data": [],
                "has_more": False,
                "url": f"/v1/accounts/{name}/external_accounts",
            },
            "metadata": {},
            "payouts_enabled": ready,
            "requirements": {
                "currently_due": [] if ready else ["business_profile.url", "external_account"],
                "disabled_reason": None,
            },
            "settings": {},
            "tos_acceptance": {},
            "type": "standard",
            "_owner": owner,
            "_methods": list(DEFAULT_METHODS) if ready else [],
            **more,
        }
        self.accounts[name] = account
        if owner is not None:
            self.store(owner).add(account)
        return account

    def may_act_for(self, key_account: str, account: str) -> bool:
        """Whether the key of one account may act for another: its own or a connected one."""
        return account == key_account or self.accounts.get(account, {}).get("_owner") == key_account

    def time_of(self, account: str, thing: Resource | None) -> Timeline:
        """Return the clock of an object: its own test clock, its customer's, or the default one."""
        if thing is None:
            return self.time
        name = thing.get("test_clock")
        if name is None and isinstance(thing.get("customer"), str):
            name = self.store(account).resources.get(thing["customer"], {}).get("test_clock")
        return self.clocks.get(name or "", self.time)

    def emit(
        self,
        account: str,
        kind: str,
        thing: Resource,
        previous: Resource | None = None,
        request: Resource | None = None,
    ) -> Resource:
        """Create an event with the current state, and notify its watchers (webhook endpoints)."""
        assert kind in EVENT_TYPES, kind
        owner = self.accounts[account]["_owner"]
        data: Resource = {"object": serialize(thing)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.time_of(account, thing).now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": request or {"id": None, "idempotency_key": None},
            "type": kind,
        }
        if owner is not None:
            event["account"] = account
        self.store(account).add(event)
        for watcher in self.watchers:
            watcher(account, event)
        return event

    def lookup(self, account: str) -> Callable[[str], Resource | None]:
        """Return the function that finds an object or an account by id, for `expand[]`."""
        things = self.store(account).resources
        return lambda name: things.get(name) or self.accounts.get(name)

    def address(self, path: str) -> str:
        """Return the URL of one of the fake's own pages."""
        return f"{self.origin}{path}"


def fingerprint(*parts: object) -> str:
    """Return a hash of the values, for comparing requests."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def changed(before: Resource, after: Resource) -> Resource:
    """Return the former values of the changed fields, for `previous_attributes`."""
    old, new = serialize(before), serialize(after)
    return {key: value for key, value in old.items() if new.get(key) != value}


CURRENCIES = frozenset(
    ["idr", "usd", "sgd", "myr", "eur", "gbp", "aud", "jpy", "cny", "thb", "php", "vnd", "inr", "hkd", "krw"]
)


def currency_of(word: str, param: str = "currency") -> str:
    """Return the currency in lower case. Raises StripeApiError for an unknown one."""
    if word.lower() not in CURRENCIES:
        raise invalid(
            f"Invalid currency: {word.lower()}. Stripe currently supports these currencies: "
            f"{', '.join(sorted(CURRENCIES))}",
            param=param,
        )
    return word.lower()


def check_amount(
    world: World, amount: int, currency: str, param: str = "amount", what: str = "Amount"
) -> int:
    """Return the amount, in the currency's smallest unit. idr has hundredths: 2500000 is Rp25.000."""
    if amount < 0:
        raise invalid(
            "This value must be greater than or equal to 0.", param=param, code="parameter_invalid_integer"
        )
    if amount > (999_999_999_999 if currency == "idr" else 99_999_999):
        raise invalid(
            f"{what} must be no more than 9,999,999,999.99 {currency}", param=param, code="amount_too_large"
        )
    least = world.min_amount if currency == "idr" else 50
    if amount < least:
        raise invalid(
            f"{what} must convert to at least 50 cents. {amount / 100:,.2f} {currency} converts to less.",
            param=param,
            code="amount_too_small",
        )
    return amount


def resolve_payment_methods(world: World, account: str, params: Any, literal: Iterable[str]) -> list[str]:
    """Return the account's payment methods without those that the parameters exclude.

    Raises StripeApiError for a gated method that is not enabled.
    """
    methods: list[str] = world.accounts[account]["_methods"]
    allowed = params.get("allowed_payment_method_types") or None
    excluded = params.get("excluded_payment_method_types") or []
    for position, method in enumerate(allowed or []):
        if method not in methods and method not in literal:
            raise not_activated(method, f"allowed_payment_method_types[{position}]")
    left = [method for method in methods if (allowed is None or method in allowed) and method not in excluded]
    if left:
        return left
    if allowed:
        raise not_activated(allowed[0], "allowed_payment_method_types")
    raise invalid(
        "No valid payment method types for this request. Please ensure that you have activated payment "
        "methods compatible with your chosen "
        "currency in your dashboard (https://dashboard.stripe.com/settings/payment_methods)."
    )


def not_activated(method: str, param: str) -> StripeApiError:
    """Return the error for a payment method that the account does not have.

    Code that probes an account's methods relies on this error.
    """
    return invalid(
        f"The payment method type provided: {method} is invalid. Please ensure the provided type is "
        f"activated in your dashboard "
        "(https://dashboard.stripe.com/account/payments/settings) and your account is enabled for any "
        "preview features that you are trying "
        "to use.",
        param=param,
    )
