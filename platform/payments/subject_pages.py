"""Where the pages of what was paid are.

The room that registers a purpose also registers its pages here, for the pages of payments to lead there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from kernel.database import Reader
    from ui.context import RequestContext


class SubjectPages(Protocol):
    """The pages of the subjects of one purpose."""

    async def backoffice_url(self, ro: Reader, subject_id: UUID) -> str | None:
        """Return the officers' page of what was paid; None where there is none."""
        ...

    async def page_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """Return the page of what was paid, as this viewer may open it; None where there is none for them."""
        ...

    async def change_method_url(
        self, ro: Reader, subject_id: UUID, ctx: RequestContext, *, of_member: bool
    ) -> str | None:
        """Return the page on which another way of paying is chosen; None where nothing waits for money, or
        money is under way.
        """
        ...


_pages: dict[str, SubjectPages] = {}


def register_subject_pages(purpose: str, pages: SubjectPages) -> None:
    """Make the pages of a purpose known; a second registration is a mistake (ValueError)."""
    if purpose in _pages:
        msg = f"the purpose {purpose!r} has pages already"
        raise ValueError(msg)
    _pages[purpose] = pages


def get_subject_pages(purpose: str) -> SubjectPages:
    """Return the pages of a purpose. Raises LookupError for one that no room registered."""
    try:
        return _pages[purpose]
    except KeyError:
        msg = f"no room registered pages of the purpose {purpose!r}"
        raise LookupError(msg) from None
