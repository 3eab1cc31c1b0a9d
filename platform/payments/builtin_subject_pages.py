"""Pages of what is paid without the shop: wallet, kasbon and test payments."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from payments.builtin_purposes import REPAYMENT, TOP_UP, TRIAL
from payments.subject_pages import register_subject_pages

if TYPE_CHECKING:
    from kernel.database import Reader
    from ui.context import RequestContext


class BuiltinSubjectPages:
    """One page for all payments of a purpose, and one on which a new payment is started."""

    def __init__(self, page: str, change_method_page: str | None) -> None:
        self._page = page
        self._again = change_method_page

    async def backoffice_url(self, ro: Reader, subject_id: UUID) -> str | None:
        return None

    async def page_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        return self._page

    async def change_method_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """A new payment starts on its own page: an unpaid one does no harm."""
        return self._again


register_subject_pages(TOP_UP, BuiltinSubjectPages("/anggota/dompet", "/anggota/dompet/isi"))
register_subject_pages(REPAYMENT, BuiltinSubjectPages("/anggota/kasbon", "/anggota/kasbon/bayar"))
register_subject_pages(TRIAL, BuiltinSubjectPages("/pengurus/pembayaran/cara", None))
