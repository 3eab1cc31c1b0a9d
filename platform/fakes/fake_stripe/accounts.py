"""Accounts: standalone ones, and connected ones with separate data, selected by `Stripe-Account`."""

from __future__ import annotations

import secrets

from stripe.params import AccountCreateParams, AccountLinkCreateParams, AccountListParams, AccountUpdateParams

from fakes.fake_stripe.errors import StripeApiError, invalid
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id
from fakes.fake_stripe.world import DEFAULT_METHODS, World


def with_capabilities(account: Resource) -> Resource:
    """Return the account with its capabilities."""
    state = "active" if account["charges_enabled"] else "inactive"
    account["capabilities"] = {"card_payments": state, "transfers": state}
    for method in account["_methods"]:
        if method != "card":
            account["capabilities"][f"{method}_payments"] = "active"
    return account


def finish_onboarding(world: World, name: str) -> Resource:
    """Complete the onboarding of a connected account, as if its owner had filled in everything."""
    account = world.accounts[name]
    if not account["charges_enabled"]:
        account |= {
            "charges_enabled": True,
            "payouts_enabled": True,
            "details_submitted": True,
            "_methods": list(DEFAULT_METHODS),
        }
        account["requirements"] = {"currently_due": [], "disabled_reason": None}
        with_capabilities(account)
        world.emit(name, "account.updated", account, {"charges_enabled": False, "details_submitted": False})
    return account


@route("GET", "/v1/account")
def own(call: ApiCall) -> Resource:
    return with_capabilities(call.world.accounts[call.account])


@route("POST", "/v1/accounts", AccountCreateParams)
def create(call: ApiCall) -> Resource:
    country = call.params.get("country", "ID")
    if len(country) != 2 or not country.isupper():
        raise invalid(
            f"Country '{country}' is unknown. Try using a 2-character alphanumeric country code instead.",
            param="country",
        )
    account = call.world.open_account(new_id("acct"), owner=call.key_account, ready=False)
    account |= {"country": country, "type": call.params.get("type", "none")}
    return with_capabilities(apply_fields(call, account, "email", "business_type", "business_profile"))


@route("GET", "/v1/accounts", AccountListParams)
def list_accounts(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("account"))


@route("GET", "/v1/accounts/{}")
def retrieve(call: ApiCall) -> Resource:
    return with_capabilities(_own(call))


@route("POST", "/v1/accounts/{}", AccountUpdateParams)
def update(call: ApiCall) -> Resource:
    account = apply_fields(call, _own(call), "email", "business_type", "business_profile")
    call.world.emit(account["id"], "account.updated", account, {})
    return with_capabilities(account)


@route("GET", "/v1/accounts/{}/capabilities")
def capabilities(call: ApiCall) -> Resource:
    account = with_capabilities(_own(call))
    data = [
        {
            "id": name,
            "object": "capability",
            "account": account["id"],
            "requested": True,
            "requested_at": account["created"],
            "status": state,
        }
        for name, state in account["capabilities"].items()
    ]
    return {"object": "list", "url": call.path, "has_more": False, "data": data}


@route("DELETE", "/v1/accounts/{}")
def delete(call: ApiCall) -> Resource:
    account = _own(call)
    account["_owner"] = None
    return call.store.remove(account)


def _own(call: ApiCall) -> Resource:
    name = call.names[0]
    if not call.world.may_act_for(call.key_account, name):
        raise StripeApiError(
            403,
            "invalid_request_error",
            f"The provided key does not have access to account '{name}' (or that account does not exist).",
            code="account_invalid",
        )
    return call.world.accounts[name]


@route("POST", "/v1/account_links", AccountLinkCreateParams)
def link(call: ApiCall) -> Resource:
    name = call.params["account"]
    if call.world.accounts.get(name, {}).get("_owner") != call.key_account:
        raise invalid(f"No such account: '{name}'", param="account", code="resource_missing")
    if call.params["type"] == "account_onboarding":
        for url in ("return_url", "refresh_url"):
            if url not in call.params:
                raise invalid(f"Missing required param: {url}.", param=url, code="parameter_missing")
    word = secrets.token_urlsafe(12)
    link = {
        "id": f"link_{word}",
        "object": "_account_link",
        "created": call.now,
        "_account": name,
        "_back": call.params.get("return_url"),
    }
    call.store.add(link)
    return {
        "object": "account_link",
        "created": call.now,
        "expires_at": call.now + 300,
        "url": call.world.address(f"/setup/{name}/{word}"),
    }
