"""Pages of payments: where buyers pay, members' wallets and credit, and the officers' ways, lists and statements."""

from typing import Any, Final

from payments import pay_pages, statement_pages

routes: Final[list[Any]] = [
    *pay_pages.routes,
    *statement_pages.routes,
]
