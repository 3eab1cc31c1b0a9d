"""The form by which an officer resolves one exception of a payment."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from kernel.database import as_reader
from kernel.translations import get_translations
from payments import exceptions_queue, officer_view_models, state_machine
from payments.forms import NoteForm
from payments.officer_pages import HOME, ONE, PLACE, require_payment
from ui import AnyRequest, CurrentContext, CurrentUser, Db, read_form, require_officer, see_other
from ui.guards import WHEN_READ_ONLY


@post(ONE + "/pemeriksaan/{exception_id:uuid}", guards=[require_officer], opt=WHEN_READ_ONLY)
async def resolve_exception(
    request: AnyRequest,
    db: Db,
    ctx: CurrentContext,
    viewer: CurrentUser,
    reference: FromPath[str],
    exception_id: FromPath[UUID],
) -> Response[Any]:
    """Resolve one exception of a payment, with a note of what was done."""
    ro = as_reader(db)
    payment = await require_payment(ro, reference)
    context = await officer_view_models.build_payment_context(ro, ctx, payment) | {"settling": exception_id}
    form = await read_form(request, NoteForm)
    async with form.rerender_on_error("payments/office_payment.html", active_menu=PLACE, **context):
        locked = await state_machine.lock_payment(db, payment.reference)
        await exceptions_queue.resolve_exception(
            db, viewer.as_officer(), locked, exception_id, form.data.note
        )
    say = get_translations(ctx.lang).gettext
    return see_other(f"{HOME}/{payment.reference}", flash=say("Sudah dicatat, dan tidak menunggu Anda lagi."))


routes: Final[list[Any]] = [resolve_exception]
