"""Numbers that are longer than any column: every address and form answers with an error sentence and never
fails.

Routes and forms are read from the applications, so new ones are included.
"""

import hashlib
import hmac
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest
from litestar.datastructures import UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.routes import HTTPRoute

from conftest import SignedInClient, Visitors
from factories import shop as goods
from factories.cooperatives import PASSWORD
from kernel.database import Database, as_reader
from kernel.settings import Settings
from operators.add_operator import add_operator
from tenants.registry import TenantRef
from tenants.session import coop_session, owner_session
from ui.cookies import hash_token
from ui.forms import MobileNumber
from web.dispatch import HostDispatcher

# As many digits as an amount may have, one more than a bigint holds, and more than Python itself reads; these
# also in groups of three, as people write them.
NUMBERS = {
    "15 digits": "9" * 15,
    "2^63": str(2**63),
    "below zero": "-" + "9" * 19,
    "5,000 digits": "9" * 5_000,
    "5,000 digits in groups": "9" + ".999" * 1_667,
}
PARAMETER = re.compile(r"\{(\w+):(\w+)\}")
OPERATOR = "0899-0000-7001"
# They would end the session of the walk.
NOT_WALKED = {"/keluar", "/anggota/akun/keluar-semua"}


Handler = tuple[str, str, HTTPRouteHandler]


def handlers_of(app: HostDispatcher, kind: str) -> Iterator[Handler]:
    """Return (method, path, handler) of every route of an application."""
    for route in app._apps[kind].routes:
        if isinstance(route, HTTPRoute) and route.path not in NOT_WALKED:
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS":
                    yield str(method), route.path, handler


def queries_of(handler: HTTPRouteHandler) -> list[str]:
    """Return the names of the query parameters of a handler."""
    parameters = handler.parsed_fn_signature.parameters.items()
    return [name for name, field in parameters if isinstance(field.kwarg_definition, QueryParameter)]


def forms_of(handler: HTTPRouteHandler) -> list[dict[str, Any]]:
    """Return the fields of the handler's form, or of all forms in its file if it reads them elsewhere; none
    without a form.
    """
    forms = {
        name: each
        for name, each in vars(sys.modules[handler.fn.__module__]).items()
        if isinstance(each, type)
        and issubclass(each, msgspec.Struct)
        and each.__struct_config__.forbid_unknown_fields
    }
    source = inspect.getsource(handler.fn)
    chosen = [name for name in forms if name in source] or list(forms)
    return [get_type_hints(forms[name], include_extras=True) for name in chosen] or [{}]


def typed(hint: Any, number: str, known: str) -> str:
    """Return the value for a field: the number where a number or free text is expected, otherwise a valid
    value.
    """
    most = None
    while get_origin(hint) is Annotated or get_origin(hint) in (typing.Union, types.UnionType):
        most = next((each.le for each in get_args(hint) if isinstance(each, msgspec.Meta) and each.le), most)
        hint = next(each for each in get_args(hint) if each is not type(None))
    if get_origin(hint) is Literal:
        return str(get_args(hint)[0])
    if hint is int and most is not None and len(number) <= 18:
        return str(most)  # a product of two large numbers is larger than both
    return {bool: "1", UUID: known, date: "2026-05-04", MobileNumber: "0812-0000-0001", UploadFile: ""}.get(
        hint, number
    )


def address(path: str, known: dict[str, str], number: str) -> str:
    """Return a route's address with the number for its numbers, and known values for other parameters."""
    return PARAMETER.sub(
        lambda found: number if found[2] == "int" else known.get(found[1], known["id"]), path
    )


async def breaks(
    handlers: Iterable[Handler], walker: SignedInClient, known: dict[str, str], number: str
) -> list[tuple[str, int]]:
    """Return (address, status) of each failure when ``number`` is used wherever a number is possible."""
    found = []
    for method, path, handler in handlers:
        usual = address(path, known, "1")
        asked: list[tuple[str, dict[str, str]]] = [(address(path, known, number), {}), (usual, {})]
        asked += [
            (PARAMETER.sub(number, path), {}),
            *((usual, {name: number}) for name in queries_of(handler)),
        ]
        for where, query in dict.fromkeys((where, tuple(query.items())) for where, query in asked):
            if method == "GET":
                answers = [await walker.client.get(where, params=dict(query))]
            else:
                filled = [
                    {n: typed(hint, number, known["id"]) for n, hint in form.items()}
                    for form in forms_of(handler)
                ]
                answers = [await walker.post(where, form) for form in filled]
            found += [
                (f"{method} {where[:80]} {query}"[:160], each.status_code)
                for each in answers
                if each.status_code >= 500
            ]
    return found


async def known_in(database: Database, tenant: TenantRef) -> dict[str, str]:
    """Return existing values of a cooperative by path parameter; ``id`` stands for all others."""
    async with coop_session(database, tenant) as db:
        ro = as_reader(db)
        product = await ro.value("SELECT id FROM products WHERE sku = 'BRS5'")
        member = str(await ro.value("SELECT id FROM members ORDER BY number LIMIT 1"))
        payment = await goods.get_latest_payment(
            db, await goods.create_order(db, {product: 1}, await goods.get_member_buyer(db), "bank_transfer")
        )
        return {
            "id": member,
            "member_id": member,
            "product_id": str(product),
            "category_id": str(await ro.value("SELECT id FROM categories LIMIT 1")),
            "reference": payment.reference,
            "code": "1101",
            "slug": "pokok",
            "method": "bank_transfer",
            "lang": "id",
            "sku": "BRS5",
        }


@pytest.fixture
async def operator(database: Database, visitor: Visitors, settings: Settings) -> SignedInClient:
    async with owner_session(database) as db:
        await add_operator(db, name="Wening Astuti", phone_number=OPERATOR, password=PASSWORD)
    client = visitor("operator")
    assert (await client.post("/masuk", data={"phone": OPERATOR, "password": PASSWORD})).status_code == 303
    message = b"form\0operator\0" + hash_token(client.cookies["lumbung"])
    return SignedInClient(client, hmac.new(settings.secret_key.encode(), message, hashlib.sha256).hexdigest())


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
async def test_no_number_breaks_a_page_of_a_cooperative(
    app: HostDispatcher,
    database: Database,
    melati: TenantRef,
    officer_client: SignedInClient,
    member_client: SignedInClient,
    visitor: Visitors,
    number: str,
) -> None:
    known = await known_in(database, melati)
    everything = list(handlers_of(app, "cooperative"))
    own = ("/anggota", "/pengurus")
    walks = (
        (
            SignedInClient(visitor("melati"), ""),
            "/",
            [each for each in everything if not each[1].startswith(own)],
        ),
        (member_client, "/anggota/akun", [each for each in everything if each[1].startswith("/anggota")]),
        (officer_client, "/pengurus/buku", [each for each in everything if each[1].startswith("/pengurus")]),
    )
    broken = []
    for walker, home, handlers in walks:
        assert len(handlers) > 15
        broken += await breaks(handlers, walker, known, number)
        assert (await walker.get(home)).status_code == 200  # the walk has not signed them out
    assert not broken


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
async def test_no_number_breaks_a_page_of_the_platform(
    app: HostDispatcher, visitor: Visitors, operator: SignedInClient, number: str
) -> None:
    known = {"id": str(UUID(int=1)), "slug": "melati", "lang": "id"}
    walks = ((SignedInClient(visitor(""), ""), "apex"), (operator, "operator"))
    broken = []
    for walker, kind in walks:
        handlers = list(handlers_of(app, kind))
        assert len(handlers) > 5
        broken += await breaks(handlers, walker, known, number)
    assert (await operator.get("/")).status_code == 200
    assert not broken
