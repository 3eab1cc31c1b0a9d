"""The fake's storage: API objects as plain dicts, by account.

Keys that begin with `_` are never returned.
"""

from __future__ import annotations

import copy
import itertools
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from fakes.fake_stripe.errors import invalid, no_such

Resource = dict[str, Any]


class AccountStore:
    """All objects of one account, in the order of creation."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.resources: dict[str, Resource] = {}

    def add(self, thing: Resource) -> Resource:
        self.resources[thing["id"]] = thing
        return thing

    def of_kind(self, kind: str) -> list[Resource]:
        """Return all objects of a kind, oldest first."""
        return [thing for thing in self.resources.values() if thing["object"] == kind]

    def find(self, kind: str, name: str | None) -> Resource | None:
        """Return the object if it exists and is of this kind, else None; deleted ones count."""
        thing = self.resources.get(name or "")
        return thing if thing is not None and thing["object"] == kind else None

    def get(self, kind: str, name: str, param: str = "id", *, status: int = 404) -> Resource:
        """Return one object. Raises StripeApiError (404 by URL, 400 by parameter)."""
        thing = self.find(kind, name)
        if thing is None or thing.get("deleted"):
            raise no_such(OBJECT_LABELS.get(kind, kind), name, param, status=status)
        return thing

    def named(self, kind: str, name: str, param: str) -> Resource:
        """Return the object that a parameter names. Raises StripeApiError (400)."""
        return self.get(kind, name, param, status=400)

    def remove(self, thing: Resource) -> Resource:
        """Delete an object and return the API's response."""
        del self.resources[thing["id"]]
        return {"id": thing["id"], "object": thing["object"], "deleted": True}


OBJECT_LABELS = {"checkout.session": "checkout.session", "balance_transaction": "balance transaction"}
_numbers = itertools.count(1)


def new_id(prefix: str) -> str:
    """Return a new random id that sorts by age within a run."""
    return f"{prefix}_{next(_numbers):06d}{secrets.token_hex(9)}"


def serialize(thing: Any) -> Any:
    """Return a copy without hidden keys, as the API shows it."""
    if isinstance(thing, dict):
        return {key: serialize(value) for key, value in thing.items() if not key.startswith("_")}
    if isinstance(thing, list):
        return [serialize(part) for part in thing]
    return copy.copy(thing)


Lookup = Callable[[str], Resource | None]


def expand(thing: Resource, paths: Iterable[str], lookup: Lookup) -> Resource:
    """Return ``thing`` as the API shows it, with the ids in ``paths`` (`expand[]`) replaced by their objects.

    A property that the API shows only on request, such as a session's line items, is stored under its name
    with a leading `_`.
    """
    answer: Resource = serialize(thing)
    for path in paths:
        steps = path.split(".")
        if len(steps) > 4:
            raise invalid("You cannot expand more than 4 levels of a property.", param="expand")
        _expand(answer, thing, steps, path, lookup)
    return answer


def _expand(answer: Resource, source: Resource | None, steps: list[str], path: str, lookup: Lookup) -> None:
    first, rest = steps[0], steps[1:]
    hidden = (source or {}).get(f"_{first}")
    if first not in answer and hidden is None:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    if first not in answer:
        answer[first] = serialize(hidden)
    value = answer[first]
    if isinstance(value, str) and (found := lookup(value)) is not None:
        value = answer[first] = serialize(found)
    inner = value if isinstance(value, list) else [value]
    for position, part in enumerate(inner):
        if isinstance(part, str) and isinstance(value, list) and (found := lookup(part)) is not None:
            part = value[position] = serialize(found)  # noqa: PLW2901 (the list itself is changed)
        if rest and isinstance(part, dict):
            _expand(part, lookup(str(part.get("id", ""))), rest, path, lookup)


def paginate(things: Iterable[Resource], params: Any, url: str) -> Resource:
    """Return one page of a list, newest first.

    Raises StripeApiError for a limit outside 1–100 or an unknown cursor.
    """
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        word = "greater than or equal to 1" if limit < 1 else "less than or equal to 100"
        raise invalid(f"This value must be {word}.", param="limit", code="parameter_invalid_integer")
    found = [thing for thing in reversed(list(things)) if not thing.get("deleted")]
    created = params.get("created")
    if created is not None:
        found = [thing for thing in found if _within(thing["created"], created)]
    ids = [thing["id"] for thing in found]
    after, before = params.get("starting_after"), params.get("ending_before")
    for param, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor and cursor not in ids:
            raise no_such("object", cursor, param, status=400)
    if before:
        found = found[: ids.index(before)]
        return {"object": "list", "url": url, "has_more": len(found) > limit, "data": found[-limit:]}
    if after:
        found = found[ids.index(after) + 1 :]
    return {"object": "list", "url": url, "has_more": len(found) > limit, "data": found[:limit]}


def _within(moment: int, bounds: Any) -> bool:
    if isinstance(bounds, int):
        return moment == bounds
    return bool(
        moment >= bounds.get("gte", moment)
        and moment <= bounds.get("lte", moment)
        and moment > bounds.get("gt", moment - 1)
        and moment < bounds.get("lt", moment + 1)
    )


def whole_list(things: Iterable[Resource], url: str) -> Resource:
    """Return the list object of a list inside another object."""
    return {"object": "list", "url": url, "has_more": False, "data": list(things)}
