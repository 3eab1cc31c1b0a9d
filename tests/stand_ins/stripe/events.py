"""Events: what happened, to be listed and read again for 30 days (the stand-in forgets nothing)."""

from __future__ import annotations

from stripe.params._event_list_params import EventListParams

from stand_ins.stripe.errors import only_one_of
from stand_ins.stripe.routing import Call, route
from stand_ins.stripe.store import Thing


@route("GET", "/v1/events", EventListParams)
def list_events(call: Call) -> Thing:
    events = call.shelf.of_kind("event")
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
def retrieve(call: Call) -> Thing:
    return call.shelf.get("event", call.names[0])
