"""Pages of payments: where buyers pay, members' wallets and credit, and the officers' ways, lists and statements."""

from typing import Any, Final

from payments import (
    credit_counter_pages,
    credit_pages,
    kasbon_pages,
    office_pages,
    pay_pages,
    payroll_pages,
    payroll_return_pages,
    receipt_pages,
    reconcile_pages,
    refund_pages,
    statement_pages,
    wallet_pages,
    ways_pages,
)

routes: Final[list[Any]] = [
    *pay_pages.routes,
    *receipt_pages.routes,
    *wallet_pages.routes,
    *kasbon_pages.routes,
    *statement_pages.routes,
    *ways_pages.routes,
    *office_pages.routes,
    *refund_pages.routes,
    *reconcile_pages.routes,
    *credit_pages.routes,
    *credit_counter_pages.routes,
    *payroll_pages.routes,
    *payroll_return_pages.routes,
]
