"""Addresses of the pages of what is paid for.

The room that registers a purpose also registers its pages here; payment pages link to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from payments.builtin_purposes import REPAYMENT, TOP_UP, TRIAL

if TYPE_CHECKING:
    from kernel.database import Reader
    from ui.context import RequestContext


class SubjectPages(Protocol):
    """The pages of the subjects of one purpose."""

    async def backoffice_url(self, ro: Reader, subject_id: UUID) -> str | None:
        """Return the address of the officers' page of a subject, or None."""
        ...

    async def page_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """Return the address of the page of a subject that this viewer may open, or None."""
        ...

    async def change_method_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """Return the address of the page on which another payment method is chosen.

        None if nothing is to be paid, or a payment is processing.
        """
        ...


_pages: dict[str, SubjectPages] = {}


def register_subject_pages(purpose: str, pages: SubjectPages) -> None:
    """Register the pages of a purpose. Raises ValueError for a second registration."""
    if purpose in _pages:
        msg = f"the purpose {purpose!r} has pages already"
        raise ValueError(msg)
    _pages[purpose] = pages


def get_subject_pages(purpose: str) -> SubjectPages:
    """Return the pages of a purpose. Raises LookupError for one that was not registered."""
    try:
        return _pages[purpose]
    except KeyError:
        msg = f"no room registered pages of the purpose {purpose!r}"
        raise LookupError(msg) from None


class BuiltinSubjectPages:
    """The same two addresses for every payment of a purpose: its page, and the page that starts a new
    payment.
    """

    def __init__(self, page: str, change_method_page: str | None) -> None:
        self._page = page
        self._again = change_method_page

    async def backoffice_url(self, ro: Reader, subject_id: UUID) -> str | None:
        """Return None: officers have no page of these subjects."""
        return None

    async def page_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """Return the address of the member's page of this purpose."""
        return self._page

    async def change_method_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """Return the address of the page that starts a new payment; the unpaid one may stay open."""
        return self._again


register_subject_pages(TOP_UP, BuiltinSubjectPages("/anggota/dompet", "/anggota/dompet/isi"))
register_subject_pages(REPAYMENT, BuiltinSubjectPages("/anggota/kasbon", "/anggota/kasbon/bayar"))
register_subject_pages(TRIAL, BuiltinSubjectPages("/pengurus/pembayaran/cara", None))
