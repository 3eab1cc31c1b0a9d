"""Routes of the ledger: reports, and pages that write."""

from typing import Any, Final

from ledger import entry_pages, report_pages

cooperative_routes: Final[list[Any]] = [*report_pages.routes, *entry_pages.routes]
