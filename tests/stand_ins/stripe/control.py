"""The stand-in's own API, for whoever speaks to it over HTTP (the demo, another process): `/_control/…`, JSON
in and out.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stand_ins.stripe.balance import pay_out_everything
from stand_ins.stripe.errors import Refused
from stand_ins.stripe.paying import NotOpen, later, pay
from stand_ins.stripe.webhooks import Delivery
from stand_ins.stripe.world import PLATFORM

if TYPE_CHECKING:
    from stand_ins.stripe.stand_in import StripeStandIn


async def control(stand_in: StripeStandIn, method: str, path: str, given: Any) -> tuple[int, Any]:
    """Answer one call. Returns the status and what to say."""
    try:
        return 200, await _answer(stand_in, method, path, given)
    except (KeyError, TypeError, ValueError, NotOpen) as wrong:
        return 400, {"error": f"{type(wrong).__name__}: {wrong}"}
    except Refused as refused:
        return refused.status, refused.body


async def _answer(stand_in: StripeStandIn, method: str, path: str, given: Any) -> Any:
    world = stand_in.world
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
            await stand_in.advance(seconds=given["seconds"])
            return {"now": world.time.now()}
        case "GET", ["clock"]:
            return {"now": world.time.now()}
        case "POST", ["settle"]:
            return {"done": await stand_in.settle()}
        case "GET", ["deliveries"]:
            return [written(delivery) for delivery in stand_in.deliveries]
        case "GET", ["unheeded"]:
            return sorted(world.unheeded)
        case "POST", ["sessions", name]:
            how = given["how"]
            if how in {"money_arrives", "money_fails"}:
                later(world, name, paid=how == "money_arrives")
                return {"declined": None}
            return {"declined": pay(world, name, how)}
        case "POST", ["accounts"]:
            return {"id": stand_in.connect_account(**given)}
        case "POST", ["accounts", name, "ways"]:
            stand_in.enable(*given["ways"], account=name)
            return {"ways": world.accounts[name]["_ways"]}
        case "POST", ["accounts", name, "payout"]:
            return {"payout": (pay_out_everything(world, name) or {}).get("id")}
        case "POST", ["webhooks"]:
            return {"secret": stand_in.register_webhook(**given)}
        case _:
            raise ValueError(
                f"the control API has no {method} {path}; see README.md (the platform's account is "
                f"{PLATFORM})"
            )


def written(delivery: Delivery) -> dict[str, Any]:
    return {**asdict(delivery), "body": delivery.body.decode()}
