"""Pages of the books: those that are read, and those that write."""

from typing import Any, Final

from ledger import book_pages, entry_pages

routes: Final[list[Any]] = [*book_pages.routes, *entry_pages.routes]
