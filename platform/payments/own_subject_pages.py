"""The pages of what is paid without a shop: the wallet, kasbon, the ways of paying."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from payments.own_purposes import REPAYMENT, TOP_UP, TRIAL
from payments.subject_pages import register

if TYPE_CHECKING:
    from kernel.database import Reader
    from ui.context import RequestContext


class OwnPages:
    """One page for all payments of a purpose, and one on which the next is begun."""

    def __init__(self, page: str, again: str | None) -> None:
        self._page = page
        self._again = again

    async def office_address(self, ro: Reader, subject_id: UUID) -> str | None:
        return None

    async def address(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        return self._page

    async def other_way(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """Begun again on its own page: a payment that nobody pays harms nothing."""
        return self._again


register(TOP_UP, OwnPages("/anggota/dompet", "/anggota/dompet/isi"))
register(REPAYMENT, OwnPages("/anggota/kasbon", "/anggota/kasbon/bayar"))
register(TRIAL, OwnPages("/pengurus/pembayaran/cara", None))
