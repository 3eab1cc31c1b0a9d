"""Pages that show what each office may do, and let the ketua narrow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from litestar import Response, get, post
from litestar.params import FromPath

from backoffice.forms import RightForm
from cooperative.narrow_rights import give_back_permission, take_permission
from cooperative.offices import Office
from cooperative.queries import list_restrictions
from cooperative.rights import OFFICE_NAMES, OFFICES, PERMISSIONS
from ui import AnyRequest, CurrentUser, Db, Ro, may, read_form, render_page, see_other
from ui.errors import NOT_FOUND

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kernel.database import Reader

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
    return render_page(request, "backoffice/office_rights.html", **await _office_context(ro, known))


@post(RIGHTS_URL + "/{office:str}", guards=[may("rights.narrow")])
async def submit_right(
    request: AnyRequest, db: Db, viewer: CurrentUser, office: FromPath[str]
) -> Response[Any]:
    """Take a permission from an office or give it back."""
    known = _parse_office(office)
    form = await read_form(request, RightForm)
    async with form.rerender_on_error("backoffice/office_rights.html", **await _office_context(db, known)):
        sent = form.data
    change = take_permission if sent.take else give_back_permission
    await change(db, viewer.as_officer(), known, sent.permission)
    return see_other(f"{RIGHTS_URL}/{known}")


async def _office_context(source: AsyncSession | Reader, office: Office) -> dict[str, Any]:
    restrictions = await list_restrictions(source)
    held = [(code, each, (office, code) in restrictions) for code, each in PERMISSIONS.items()]
    return {
        "active_menu": MENU,
        "office": office,
        "office_name": OFFICE_NAMES[office],
        "held": [row for row in held if office in row[1].offices],
    }


def _parse_office(office: str) -> Office:
    for each in OFFICES:
        if each == office:
            return each
    raise NOT_FOUND()


routes: Final[list[Any]] = [show_rights, show_office_rights, submit_right]
