"""Handles API calls: authentication, idempotency and faults."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any, NotRequired
from urllib.parse import parse_qsl

from typing_extensions import TypedDict

from fakes.fake_stripe import faults
from fakes.fake_stripe.errors import StripeApiError, invalid
from fakes.fake_stripe.params import Params, parse_nested, validate
from fakes.fake_stripe.routing import ApiCall, Route, find
from fakes.fake_stripe.store import Resource, expand, new_id
from fakes.fake_stripe.world import API_VERSION, World, fingerprint

DAY = 86_400


class NoResponse(Exception):
    """No response is sent: the connection hangs (``hangs``) or breaks."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__()
        self.hangs = hangs


class StripeResponse:
    def __init__(self, status: int, body: Resource, headers: dict[str, str]) -> None:
        self.status, self.body, self.headers = status, body, headers


class NoParams(TypedDict):
    """Parameters that every call accepts."""

    expand: NotRequired[list[str]]


class ApiHandler:
    """The entry point of API calls. Stores the responses of idempotency keys for a day."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stored_responses: dict[tuple[str, str], tuple[int, str, StripeResponse]] = {}

    def answer(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> StripeResponse:
        request_id = new_id("req")
        response_headers = {
            "request-id": request_id,
            "stripe-version": headers.get("stripe-version", API_VERSION),
        }
        try:
            return self._authorize(method, path, query, headers, body, response_headers)
        except StripeApiError as refused:
            return StripeResponse(refused.status, refused.body, response_headers)

    def _authorize(
        self,
        method: str,
        path: str,
        query: str,
        headers: dict[str, str],
        body: bytes,
        response_headers: dict[str, str],
    ) -> StripeResponse:
        subject = f"{method} {path}"
        key_account = self.world.authenticate(_key(headers))
        self._raise_fault(subject)
        found = find(method, path)
        if found is None:
            raise invalid(
                f"Unrecognized request URL ({method}: {path}). The fake may not know it.", status=404
            )
        account = headers.get("stripe-account") or key_account
        if not self.world.may_act_for(key_account, account):
            raise StripeApiError(
                403,
                "invalid_request_error",
                f"The provided key does not have access to account '{account}' (or that account does "
                f"not exist). "
                "Application access may have been revoked.",
                code="account_invalid",
            )
        route, names = found
        raw = parse_nested(parse_qsl(body.decode() if method == "POST" else query, keep_blank_values=True))
        key = headers.get("idempotency-key") if method == "POST" else None
        call = ApiCall(
            self.world, account, key_account, Params({}), names, path, response_headers["request-id"], key
        )
        if key is None:
            return self._run_handler(route, call, raw, subject, response_headers)
        return self._idempotent(route, call, raw, subject, response_headers)

    def _idempotent(
        self, route: Route, call: ApiCall, raw: Resource, subject: str, response_headers: dict[str, str]
    ) -> StripeResponse:
        """Handle a call with an idempotency key: a repeated request gets the stored response, even a 500."""
        assert call.idempotency_key is not None
        if len(call.idempotency_key) > 255:
            raise invalid("Idempotency keys may have at most 255 characters.")
        place = (call.account, call.idempotency_key)
        asked = fingerprint(subject, raw)
        stored = self.stored_responses.get(place)
        if stored is not None and stored[0] > call.now - DAY:
            if stored[1] != asked:
                raise StripeApiError(
                    400,
                    "idempotency_error",
                    "Keys for idempotent requests can only be used with the same parameters they were "
                    "first used with. Try using a key "
                    f"other than '{call.idempotency_key}' if you meant to execute a different request.",
                )
            return StripeResponse(
                stored[2].status,
                stored[2].body,
                {
                    **stored[2].headers,
                    "idempotent-replayed": "true",
                    "request-id": response_headers["request-id"],
                },
            )
        try:
            answer = self._run_handler(route, call, raw, subject, response_headers)
        except StripeApiError as refused:
            if refused.is_replayable:
                self.stored_responses[place] = (
                    call.now,
                    asked,
                    StripeResponse(refused.status, refused.body, response_headers),
                )
            raise
        except LostResponse as lapse:
            self.stored_responses[place] = (call.now, asked, lapse.done)
            raise NoResponse(hangs=True) from None
        self.stored_responses[place] = (call.now, asked, answer)
        return answer

    def _run_handler(
        self, route: Route, call: ApiCall, raw: Resource, subject: str, response_headers: dict[str, str]
    ) -> StripeResponse:
        call.params = validate(raw, route.typed or NoParams)
        if self.world.faults.take(faults.ERROR_500, subject):
            return StripeResponse(500, INTERNAL_ERROR, response_headers)
        thing = route.handler(call)
        for name in call.params.unused:
            self.world.ignored_params.add((subject, name))
        answer = StripeResponse(200, self._serialize(call, thing), response_headers)
        if self.world.faults.take(faults.ERROR_500_AFTER, subject):
            return StripeResponse(500, INTERNAL_ERROR, response_headers)
        if self.world.faults.take(faults.TIME_OUT_AFTER, subject):
            if call.idempotency_key is None:
                raise NoResponse(hangs=True)
            raise LostResponse(answer)
        return answer

    def _serialize(self, call: ApiCall, thing: Resource) -> Resource:
        body = expand(thing, call.params.get("expand") or [], self.world.lookup(call.account))
        kind = str(body.get("object"))
        if fault := self.world.faults.take(faults.ANSWERS_AMOUNT, kind):
            body |= {
                name: fault.details["amount"]
                for name in ("amount", "amount_total", "amount_received")
                if body.get(name) is not None
            }
        if fault := self.world.faults.take(faults.ANSWERS_CURRENCY, kind):
            body["currency"] = fault.details["currency"]
        return body

    def _raise_fault(self, subject: str) -> None:
        take = self.world.faults.take
        if take(faults.RATE_LIMIT, subject):
            raise StripeApiError(
                429, "invalid_request_error", "Too many requests hit the API too quickly.", code="rate_limit"
            )
        if take(faults.TIME_OUT, subject):
            raise NoResponse(hangs=True)
        if take(faults.HANG_UP, subject):
            raise NoResponse(hangs=False)


class LostResponse(Exception):
    """The work is done, but the response is lost."""

    def __init__(self, done: StripeResponse) -> None:
        super().__init__()
        self.done = done


INTERNAL_ERROR = {
    "error": {
        "type": "api_error",
        "message": "An unknown error occurred (a fault of the fake, on demand).",
    }
}


def _key(headers: dict[str, str]) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        value = base64.b64decode(value).decode().partition(":")[0]
    if not value:
        raise StripeApiError(
            401,
            "invalid_request_error",
            "You did not provide an API key. You need to provide your API key in the Authorization "
            "header, using Bearer auth.",
        )
    return value.strip()


Send = Callable[[Any], Awaitable[None]]


async def send(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    head = {"content-length": str(len(body)), **headers}
    coded = [(name.encode(), value.encode()) for name, value in head.items()]
    await send({"type": "http.response.start", "status": status, "headers": coded})
    await send({"type": "http.response.body", "body": body})


async def send_json(to: Send, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    await send(
        to,
        status,
        json.dumps(body, indent=2).encode(),
        {"content-type": "application/json", **(headers or {})},
    )
