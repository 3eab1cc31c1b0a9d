"""What an office may do: the table, every route against every office, and rights that the ketua took."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import text

from conftest import SignedInClient, SignInAs
from cooperative.rights import OFFICE_NAMES, OFFICES, PERMISSIONS, PermissionCode, list_permissions
from kernel.database import Database
from tenants.registry import REGISTRY, TenantRef
from tenants.session import coop_reader, coop_session, shared_session
from web.dispatch import HostDispatcher

NOT_PERMITTED = "urn:lumbung:ui.not_permitted"
SAMPLES = {"int": "7", "uuid": "00000000-0000-0000-0000-000000000007", "str": "x", "path": "x"}
RIGHTS = "/pengurus/pengaturan/hak"
PHONES = {office: f"+62899000070{at:02}" for at, office in enumerate(OFFICES)}


def officer_routes(app: HostDispatcher) -> Iterator[tuple[str, str, str]]:
    """Yield (method, path with sample values, permission) of every route that asks for a permission."""
    for route in app._apps["cooperative"].routes:  # type: ignore[attr-defined]
        if not isinstance(route, HTTPRoute):
            continue
        path = "".join(
            "/" + (SAMPLES[part.type.__name__.lower()] if not isinstance(part, str) else part)
            for part in route.path_components
        )
        for method, (handler, _) in route.route_handler_map.items():
            for guard in handler.guards or ():
                code = getattr(guard, "permission", None) or getattr(
                    getattr(guard, "ref", guard), "permission", None
                )
                if code is not None and method in ("GET", "POST"):
                    yield method, path, code


async def officer_of(database: Database, tenant: TenantRef, sign_in: SignInAs, office: str) -> SignedInClient:
    """Return a signed-in client of a new officer."""
    async with coop_session(database, tenant) as db:
        await db.execute(
            text(
                "INSERT INTO users (id, name, phone, officer_role, password_hash)"
                " VALUES (gen_random_uuid(), :name, :phone, :office, 'x')"
            ),
            {"name": f"Contoh {office}", "phone": PHONES[office], "office": office},
        )
    return await sign_in(tenant.slug, PHONES[office])


def is_not_permitted(response: Any) -> bool:
    return response.status_code == 403 and response.json().get("type") == NOT_PERMITTED


def test_the_table_knows_each_code_and_each_office() -> None:
    assert set(PERMISSIONS) == set(get_args(PermissionCode))
    assert set(OFFICE_NAMES) == set(OFFICES)
    assert all(permission.offices for permission in PERMISSIONS.values())


def test_a_pengawas_reads_and_changes_nothing() -> None:
    held = list_permissions("pengawas")
    assert held == {code for code, each in PERMISSIONS.items() if each.reads}


def test_nobody_and_an_unknown_office_may_do_nothing() -> None:
    assert list_permissions(None) == list_permissions("raja") == frozenset()


def test_a_ketua_holds_everything_whatever_was_taken() -> None:
    assert list_permissions("ketua", PERMISSIONS) == set(PERMISSIONS)


async def test_every_officers_route_names_a_permission_and_every_permission_has_a_route(
    app: HostDispatcher,
) -> None:
    routes = list(officer_routes(app))
    assert len(routes) > 150
    assert {code for _, _, code in routes} == set(PERMISSIONS)
    named = {path for _, path, _ in routes}
    officers = {
        route.path
        for route in app._apps["cooperative"].routes  # type: ignore[attr-defined]
        if route.path.startswith("/pengurus")
    }
    assert len(named) == len(officers)


@pytest.mark.parametrize("office", OFFICES)
async def test_each_office_opens_the_routes_of_its_permissions_and_no_other(
    app: HostDispatcher, database: Database, melati: TenantRef, sign_in: SignInAs, office: str
) -> None:
    officer = await officer_of(database, melati, sign_in, office)
    held = list_permissions(office)
    wrong = []
    for method, path, code in officer_routes(app):
        call = officer.get if method == "GET" else officer.post
        response = await call(path, headers={"accept": "application/json"})
        if is_not_permitted(response) == (code in held):
            wrong.append((method, path, code, response.status_code))
    assert wrong == []


async def test_what_was_taken_is_refused_at_once_and_comes_back(
    database: Database, melati: TenantRef, sign_in: SignInAs, officer_client: SignedInClient
) -> None:
    cashier = await officer_of(database, melati, sign_in, "kasir")
    json = {"accept": "application/json"}
    assert (await cashier.get("/pengurus/barang", headers=json)).status_code == 200
    taken = await officer_client.post(f"{RIGHTS}/kasir", {"permission": "goods.view", "take": "1"})
    assert taken.status_code == 303
    assert is_not_permitted(await cashier.get("/pengurus/barang", headers=json))
    assert '/pengurus/barang"' not in (await cashier.get("/pengurus")).text
    await officer_client.post(f"{RIGHTS}/kasir", {"permission": "goods.view"})
    assert (await cashier.get("/pengurus/barang", headers=json)).status_code == 200
    async with coop_reader(database, melati) as ro:
        rows = await ro.records(
            "SELECT action, params FROM audit_entries WHERE subject = 'office:kasir' ORDER BY id"
        )
    assert [(row["action"], row["params"]) for row in rows] == [
        ("rights.taken", {"permission": "goods.view"}),
        ("rights.given_back", {"permission": "goods.view"}),
    ]


@pytest.mark.parametrize(
    ("office", "permission", "code"),
    [
        ("ketua", "goods.view", "cooperative.ketua_keeps_all"),
        ("kasir", "ledger.close", "cooperative.not_held"),
        ("raja", "goods.view", "ui.not_found"),
    ],
)
async def test_rights_are_narrowed_and_never_widened(
    officer_client: SignedInClient, office: str, permission: str, code: str
) -> None:
    for fields in ({"permission": permission}, {"permission": permission, "take": "1"}):
        response = await officer_client.post(
            f"{RIGHTS}/{office}", fields, headers={"accept": "application/json"}
        )
        assert response.json()["type"] == f"urn:lumbung:{code}"


async def test_one_cooperatives_restrictions_leave_the_other_alone(
    database: Database, melati: TenantRef, mawar: TenantRef, sign_in: SignInAs, officer_client: SignedInClient
) -> None:
    await officer_client.post(f"{RIGHTS}/kasir", {"permission": "goods.view", "take": "1"})
    neighbour = await officer_of(database, mawar, sign_in, "kasir")
    assert (await neighbour.get("/pengurus/barang")).status_code == 200


async def test_the_page_of_rights_shows_every_permission(officer_client: SignedInClient) -> None:
    page = (await officer_client.get(RIGHTS)).text
    assert all(each.label.localize("id") in page for each in PERMISSIONS.values())


LINK = re.compile(
    r'<a [^>]*href="(/pengurus[^"#?]*)'
    r'|<form method="post" action="(/pengurus[^"#?]*)'
    r'|formaction="(/pengurus[^"#?]*)'
)


@pytest.mark.parametrize("office", OFFICES)
async def test_no_page_offers_what_its_reader_may_not_do(
    database: Database, melati: TenantRef, sign_in: SignInAs, office: str
) -> None:
    officer = await officer_of(database, melati, sign_in, office)
    todo, seen, refused = ["/pengurus"], set(), set()
    while todo:
        path = todo.pop()
        if path in seen or len(seen) > 150:
            continue
        seen.add(path)
        response = await officer.get(path)
        for link, action, other in LINK.findall(response.text):
            if link and link not in seen:
                todo.append(link)
            for address in (action, other):
                if address and is_not_permitted(
                    await officer.post(address, headers={"accept": "application/json"})
                ):
                    refused.add((path, address))
        if response.status_code == 403:
            refused.add(path)
    assert len(seen) > 10
    assert refused == set()


@pytest.mark.parametrize(("office", "link"), [("kasir", False), ("bendahara", True)])
async def test_a_notice_of_the_plan_is_for_those_who_may_see_the_plan(
    app: HostDispatcher, database: Database, melati: TenantRef, sign_in: SignInAs, office: str, *, link: bool
) -> None:
    officer = await officer_of(database, melati, sign_in, office)
    for code, title in (("trial_ends", "Masa percobaan"), ("read_only", "Belum ada yang baru")):
        async with shared_session(database) as db:
            await db.execute(
                text("UPDATE shared.cooperatives SET billing_notice = :code WHERE id = :id"),
                {"code": code, "id": melati.id},
            )
        app.on_change(REGISTRY)
        page = (await officer.get("/pengurus")).text
        # that nothing new can be recorded concerns everybody
        assert (title in page) == (link or code == "read_only")
        assert ("/pengurus/langganan" in page) == link


async def test_the_cash_of_the_books_is_shown_to_those_who_may_see_the_books(
    database: Database, melati: TenantRef, sign_in: SignInAs
) -> None:
    seen = {}
    for office in ("kasir", "bendahara"):
        officer = await officer_of(database, melati, sign_in, office)
        seen[office] = "menurut buku" in (await officer.get("/pengurus")).text
    assert seen == {"kasir": False, "bendahara": True}
