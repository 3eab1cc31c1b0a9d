"""The door: sign in, hand-over from founding, activation, sign out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromQuery

from members import queries, rules
from members.activation import activate
from members.devices import Account, has_device_cookie, known_device, remember_device
from members.forms import ActivationForm, SignInForm
from members.sessions import OpenedSession, end_session
from members.signing_in import sign_in, take_handover
from members.throttling import Door
from tenants.registry import TenantRef
from tenants.session import coop_reader, tenant_of
from ui import AnyRequest, Db, MaybeViewer, TheTenant, TheVisit, Viewer, Visit, page, read_form, see_other
from ui.cookies import LANGUAGE_COOKIE, LANGUAGE_LASTS, drop_session, set_session
from ui.rendering import local_path
from ui.viewer import visit_of


@get("/masuk", sync_to_thread=False)
def sign_in_page(request: AnyRequest, viewer: MaybeViewer, kembali: FromQuery[str] = "") -> Response[Any]:
    """Ask who it is; whoever is inside already goes on."""
    if viewer is not None:
        return see_other(_landing(kembali, is_officer=viewer.is_officer))
    return page(request, "members/sign_in.html", place="akun", form=None, kembali=local_path(kembali, ""))


@post("/masuk")
async def take_sign_in(
    request: AnyRequest, db: Db, visit: TheVisit, tenant: TheTenant, viewer: MaybeViewer
) -> Response[Any]:
    """Open a session, after counting the attempt."""
    form = await read_form(request, SignInForm)
    kembali = local_path(form.values.get("kembali", ""), "")
    async with form.or_again("members/sign_in.html", place="akun", kembali=kembali):
        pass
    door = await _door(request, visit, tenant, "sign-in", form.data.identity)
    await door.knock()
    async with form.or_again("members/sign_in.html", place="akun", kembali=kembali):
        opened = await sign_in(visit.database, db, form.data.identity, form.data.password)
    await door.welcome(db)
    return await _enter(request, db, visit, viewer, opened, _landing(kembali, is_officer=opened.is_officer))


@get("/masuk/serah")
async def take_handover_link(
    request: AnyRequest, db: Db, visit: TheVisit, viewer: MaybeViewer, kunci: FromQuery[str] = ""
) -> Response[Any]:
    """Sign in, once, whoever has just founded this cooperative."""
    return await _enter(request, db, visit, viewer, await take_handover(db, kunci), "/pengurus")


@post("/keluar")
async def sign_out(db: Db, visit: TheVisit, viewer: MaybeViewer) -> Response[Any]:
    """End the session."""
    if viewer is not None:
        await end_session(db, viewer.session)
    response = see_other("/")
    drop_session(response, secure=visit.secure)
    return response


@get("/aktivasi", sync_to_thread=False)
def activation_page(request: AnyRequest, nomor: FromQuery[str] = "") -> Response[bytes]:
    """Ask for the code, and for the password they want."""
    return page(request, "members/activation.html", place="akun", form=None, identity=nomor[:40])


@post("/aktivasi")
async def take_activation(
    request: AnyRequest, db: Db, visit: TheVisit, tenant: TheTenant, viewer: MaybeViewer
) -> Response[Any]:
    """Set the password by the code, after counting the attempt."""
    form = await read_form(request, ActivationForm)
    context: dict[str, Any] = {"place": "akun", "identity": ""}
    async with form.or_again("members/activation.html", **context):
        pass
    door = await _door(request, visit, tenant, "activation", form.data.identity)
    await door.knock()
    sent = form.data
    async with form.or_again("members/activation.html", field="password", **context):
        opened = await activate(visit.database, db, sent.identity, sent.code, sent.password)
    for opened_door in (door, await _door(request, visit, tenant, "sign-in", sent.identity)):
        await opened_door.welcome(db)
    return await _enter(request, db, visit, viewer, opened, "/pengurus" if opened.is_officer else "/anggota")


async def _door(request: AnyRequest, visit: Visit, tenant: TenantRef, door: str, identity: str) -> Door:
    """The door of whoever was named, by what was typed and not by the account: else a wait would tell which
    names are one person's.

    Only a browser that shows a device cookie has the account looked up, apart from the request's own
    transaction.
    """
    typed, device, settings = rules.plain_identity(identity), None, visit.database.settings
    if has_device_cookie(request, settings):
        async with coop_reader(visit.database, tenant) as ro:
            found = await queries.credentials(ro, identity)
        account = Account(tenant.schema_name, str(found.id), found.password_hash) if found else None
        device = known_device(request, settings, account)
    return Door(visit.database, tenant, door, typed, visit.client_ip, device=device)


async def _enter(
    request: AnyRequest, db: Db, visit: Visit, viewer: Viewer | None, opened: OpenedSession, target: str
) -> Response[Any]:
    """Put the new token into the browser, which is known from now on;
    the session it came with, if any, ends.
    """
    if viewer is not None:
        await end_session(db, viewer.session)
    response = see_other(target)
    set_session(response, opened.token, opened.lasts, secure=visit.secure)
    await know_browser(response, request, db, opened.user_id)
    if opened.language != "id":
        response.set_cookie(
            LANGUAGE_COOKIE, opened.language, max_age=LANGUAGE_LASTS, samesite="lax", path="/"
        )
    return response


async def know_browser(response: Response[Any], request: AnyRequest, db: Db, user_id: UUID) -> None:
    """Know this browser for an account, by the password that it has now."""
    user = await queries.user_by_id(db, user_id)
    if user is not None:
        account = Account(tenant_of(db).schema_name, str(user.id), user.password_hash)
        remember_device(response, request, visit_of(request).database.settings, account)


def _landing(kembali: str, *, is_officer: bool) -> str:
    home = "/pengurus" if is_officer else "/anggota"
    target = local_path(kembali, home)
    return (
        home
        if target.startswith(("/masuk", "/aktivasi")) or (target.startswith("/pengurus") and not is_officer)
        else target
    )


routes: list[Any] = [
    sign_in_page,
    take_sign_in,
    take_handover_link,
    sign_out,
    activation_page,
    take_activation,
]
