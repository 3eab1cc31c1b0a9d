"""Pages of banking: statements, reconciliation and manual payouts."""

from typing import Any, Final

from banking import manual_payout_pages, reconciliation_pages, statement_pages

cooperative_routes: Final[list[Any]] = [
    *statement_pages.routes,
    *reconciliation_pages.routes,
    *manual_payout_pages.routes,
]
