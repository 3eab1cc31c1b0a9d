"""Test clocks: customers with their own time, which API calls advance."""

from __future__ import annotations

from stripe.params.test_helpers import TestClockAdvanceParams, TestClockCreateParams, TestClockListParams

from fakes.fake_stripe.errors import invalid
from fakes.fake_stripe.renewals import LIVE, add_intervals
from fakes.fake_stripe.routing import ApiCall, apply_fields, route
from fakes.fake_stripe.store import Resource, new_id
from fakes.fake_stripe.timeline import TestClock
from fakes.fake_stripe.world import World

YEAR = 366 * 86_400


@route("POST", "/v1/test_helpers/test_clocks", TestClockCreateParams)
def create(call: ApiCall) -> Resource:
    frozen = call.params["frozen_time"]
    clock = {
        "id": new_id("clock"),
        "object": "test_helpers.test_clock",
        "created": call.now,
        "deletes_after": call.now + 30 * 86_400,
        "frozen_time": frozen,
        "livemode": False,
        "name": None,
        "status": "ready",
        "status_details": {},
    }
    call.world.clocks[str(clock["id"])] = TestClock(frozen)
    call.store.add(apply_fields(call, clock, "name"))
    if (name := call.params.get("customer")) is not None:
        customer = call.store.named("customer", name, "customer")
        if any(one["customer"] == name for one in call.store.of_kind("subscription")):
            raise invalid(
                "Only a customer without subscriptions can be put on a test clock (in the fake).",
                param="customer",
            )
        customer["test_clock"] = clock["id"]
    call.emit("test_helpers.test_clock.created", clock)
    return clock


@route("POST", "/v1/test_helpers/test_clocks/{}/advance", TestClockAdvanceParams)
def advance(call: ApiCall) -> Resource:
    clock = call.store.get("test_helpers.test_clock", call.names[0])
    frozen = call.params["frozen_time"]
    if frozen <= clock["frozen_time"]:
        raise invalid("The `frozen_time` must be later than the clock's present time.", param="frozen_time")
    if frozen > _furthest(call, clock):
        raise invalid(
            "A test clock can be advanced by at most two intervals of its shortest subscription.",
            param="frozen_time",
        )
    clock["status"] = "advancing"
    call.emit("test_helpers.test_clock.advancing", clock)
    answer = dict(clock)
    _move(call.world, call.account, clock, frozen)
    return answer


def _furthest(call: ApiCall, clock: Resource) -> int:
    now: int = clock["frozen_time"]
    reach = [
        add_intervals(
            now, item["price"]["recurring"]["interval"], 2 * item["price"]["recurring"]["interval_count"]
        )
        for one in call.store.of_kind("subscription")
        if one["test_clock"] == clock["id"] and one["status"] in LIVE
        for item in one["_items"]
    ]
    return min(reach, default=now + 2 * YEAR)


def _move(world: World, account: str, clock: Resource, frozen: int) -> None:
    """Advance the clock and run all work that becomes due.

    As in the real API, the response says "advancing"; a later read returns "ready".
    """
    timeline = world.clocks[clock["id"]]
    timeline.run_at_once(frozen)
    clock |= {"frozen_time": frozen, "status": "ready"}
    world.emit(account, "test_helpers.test_clock.ready", clock)


@route("GET", "/v1/test_helpers/test_clocks", TestClockListParams)
def list_clocks(call: ApiCall) -> Resource:
    return call.listed(call.store.of_kind("test_helpers.test_clock"))


@route("GET", "/v1/test_helpers/test_clocks/{}")
def retrieve(call: ApiCall) -> Resource:
    return call.store.get("test_helpers.test_clock", call.names[0])


@route("DELETE", "/v1/test_helpers/test_clocks/{}")
def delete(call: ApiCall) -> Resource:
    clock = call.store.get("test_helpers.test_clock", call.names[0])
    for thing in list(call.store.resources.values()):
        if thing.get("test_clock") == clock["id"]:
            del call.store.resources[thing["id"]]
    return call.store.remove(clock)
