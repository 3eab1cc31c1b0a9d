"""Events, which can be listed and read for 30 days in the real API; the fake keeps all."""

from __future__ import annotations

from stripe.params import EventListParams

from fakes.fake_stripe.errors import only_one_of
from fakes.fake_stripe.routing import ApiCall, route
from fakes.fake_stripe.store import Resource


@route("GET", "/v1/events", EventListParams)
def list_events(call: ApiCall) -> Resource:
    events = call.store.of_kind("event")
    kind, kinds = call.params.get("type"), call.params.get("types")
    if kind is not None and kinds is not None:
        raise only_one_of("type", "types")
    if kind is not None:
        kinds = [kind]
    if kinds is not None:
        events = [
            event
            for event in events
            if any(
                event["type"] == one or (one.endswith("*") and event["type"].startswith(one[:-1]))
                for one in kinds
            )
        ]
    if (delivered := call.params.get("delivery_success")) is not None:
        events = [event for event in events if (event["pending_webhooks"] == 0) == delivered]
    return call.listed(events)


@route("GET", "/v1/events/{}")
def retrieve(call: ApiCall) -> Resource:
    return call.store.get("event", call.names[0])
