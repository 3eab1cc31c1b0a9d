"""Pages that show what each office may do, and let the ketua narrow it."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from backoffice.forms import RightForm
from cooperative.narrow_rights import give_back_permission, take_permission
from cooperative.offices import Office
from cooperative.queries import list_restrictions
from cooperative.rights import OFFICE_NAMES, OFFICES, PERMISSIONS
from ui import AnyRequest, CurrentUser, Db, Ro, may, read_form, render_page, see_other
from ui.errors import NOT_FOUND

RIGHTS_URL: Final = "/pengurus/pengaturan/hak"
MENU: Final = "pengaturan"


@get(RIGHTS_URL, guards=[may("officers.view")])
async def show_rights(request: AnyRequest, ro: Ro) -> Response[bytes]:
    """Show the table of permissions and offices."""
    return render_page(
        request,
        "backoffice/rights.html",
        active_menu=MENU,
        offices=OFFICES,
        office_names=OFFICE_NAMES,
        permissions=PERMISSIONS,
        restrictions=await list_restrictions(ro),
    )


@get(RIGHTS_URL + "/{office:str}", guards=[may("rights.narrow")])
async def show_office_rights(request: AnyRequest, ro: Ro, office: FromPath[str]) -> Response[bytes]:
    """Show one office's permissions, each with a button that takes it or gives it back."""
    known = _parse_office(office)
    restrictions = await list_restrictions(ro)
    held = [(code, each, (known, code) in restrictions) for code, each in PERMISSIONS.items()]
    return render_page(
        request,
        "backoffice/office_rights.html",
        active_menu=MENU,
        office=known,
        office_name=OFFICE_NAMES[known],
        held=[row for row in held if known in row[1].offices],
    )


@post(RIGHTS_URL + "/{office:str}", guards=[may("rights.narrow")])
async def submit_right(
    request: AnyRequest, db: Db, viewer: CurrentUser, office: FromPath[str]
) -> Response[Any]:
    """Take a permission from an office or give it back."""
    known = _parse_office(office)
    sent = (await read_form(request, RightForm)).data
    change = take_permission if sent.take else give_back_permission
    await change(db, viewer.as_officer(), known, sent.permission)
    return see_other(f"{RIGHTS_URL}/{known}")


def _parse_office(office: str) -> Office:
    for each in OFFICES:
        if each == office:
            return each
    raise NOT_FOUND()


routes: Final[list[Any]] = [show_rights, show_office_rights, submit_right]
