"""The fake's control API for other processes (such as the demo): `/_control/…`, JSON in and out."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fakes.fake_stripe.balance import pay_out_available
from fakes.fake_stripe.errors import StripeApiError
from fakes.fake_stripe.session_payment import SessionNotOpen, finish_async_payment, pay
from fakes.fake_stripe.webhooks import Delivery
from fakes.fake_stripe.world import PLATFORM

if TYPE_CHECKING:
    from fakes.fake_stripe.server import FakeStripe


async def control(fake: FakeStripe, method: str, path: str, given: Any) -> tuple[int, Any]:
    """Handle one call. Returns the status and the response."""
    try:
        return 200, await _answer(fake, method, path, given)
    except (KeyError, TypeError, ValueError, SessionNotOpen) as wrong:
        return 400, {"error": f"{type(wrong).__name__}: {wrong}"}
    except StripeApiError as refused:
        return refused.status, refused.body


async def _answer(fake: FakeStripe, method: str, path: str, given: Any) -> Any:
    world = fake.world
    match method, path.removeprefix("/_control/").split("/"):
        case "GET", ["faults"]:
            return {
                "waiting": [asdict(fault) for fault in world.faults.waiting],
                "happened": world.faults.happened,
            }
        case "POST", ["faults"]:
            return asdict(world.faults.add(**given))
        case "DELETE", ["faults"]:
            world.faults.clear()
            return {}
        case "POST", ["clock"]:
            await fake.advance(seconds=given["seconds"])
            return {"now": world.time.now()}
        case "GET", ["clock"]:
            return {"now": world.time.now()}
        case "POST", ["settle"]:
            return {"done": await fake.settle()}
        case "GET", ["deliveries"]:
            return [serialize_delivery(delivery) for delivery in fake.deliveries]
        case "GET", ["unheeded"]:
            return sorted(world.ignored_params)
        case "POST", ["sessions", name]:
            how = given["how"]
            if how in {"money_arrives", "fail_pending_payment"}:
                finish_async_payment(world, name, paid=how == "money_arrives")
                return {"declined": None}
            return {"declined": pay(world, name, how)}
        case "POST", ["accounts"]:
            return {"id": fake.connect_account(**given)}
        case "POST", ["accounts", name, "ways"]:
            fake.enable(*given["ways"], account=name)
            return {"ways": world.accounts[name]["_methods"]}
        case "POST", ["accounts", name, "payout"]:
            return {"payout": (pay_out_available(world, name) or {}).get("id")}
        case "POST", ["webhooks"]:
            return {"secret": fake.register_webhook(**given)}
        case _:
            raise ValueError(
                f"the control API has no {method} {path}; see README.md (the platform's account is "
                f"{PLATFORM})"
            )


def serialize_delivery(delivery: Delivery) -> dict[str, Any]:
    return {**asdict(delivery), "body": delivery.body.decode()}
