"""Maps API calls to handlers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakes.fake_stripe.params import Params
from fakes.fake_stripe.store import AccountStore, Resource, paginate
from fakes.fake_stripe.world import World


@dataclass
class ApiCall:
    """One authenticated API call.

    ``account`` owns the data, ``key_account`` owns the key.
    """

    world: World
    account: str
    key_account: str
    params: Params
    names: tuple[str, ...]  # the parts of the path for `{}`
    path: str = ""
    request_id: str | None = None
    idempotency_key: str | None = None

    @property
    def store(self) -> AccountStore:
        return self.world.store(self.account)

    @property
    def now(self) -> int:
        return self.world.time.now()

    def emit(self, kind: str, thing: Resource, previous: Resource | None = None) -> None:
        request = {"id": self.request_id, "idempotency_key": self.idempotency_key}
        self.world.emit(self.account, kind, thing, previous, request)

    def listed(self, things: list[Resource], *same: str) -> Resource:
        """Return a page of ``things``; parameters named in ``same`` filter by the field of that name."""
        for name in same:
            if (wanted := self.params.get(name)) is not None:
                things = [thing for thing in things if thing.get(name) == wanted]
        return paginate(things, self.params, self.path)


Handler = Callable[[ApiCall], Resource]


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    typed: type | None
    handler: Handler


ROUTES: list[Route] = []


def route(method: str, path: str, typed: type | None = None) -> Callable[[Handler], Handler]:
    """Register a handler.

    `{}` in the path matches one segment; ``typed`` is the package's type of the parameters, None for none.
    """
    pattern = re.compile(path.replace("{}", "([^/]+)"))

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, pattern, typed, handler))
        return handler

    return register


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    for candidate in ROUTES:
        if candidate.method == method and (match := candidate.pattern.fullmatch(path)):
            return candidate, match.groups()
    return None


def apply_fields(call: ApiCall, thing: Resource, *names: str) -> Resource:
    """Set the named fields from the parameters of an update; an empty string sets None.

    Metadata is merged, as in the real API.
    """
    for name in names:
        if name in call.params:
            value: Any = call.params[name]
            thing[name] = None if value == "" else value
    if "metadata" in call.params:
        given = call.params["metadata"]
        merged = {} if given == "" else {**thing.get("metadata", {}), **given}
        thing["metadata"] = {key: value for key, value in merged.items() if value != ""}
    return thing
