"""Pages of credit: limits, repayments at the counter, payroll deduction, and a member's own kasbon."""

from typing import Any, Final

from credit import counter_pages, credit_pages, kasbon_pages, payroll_pages, payroll_return_pages

cooperative_routes: Final[list[Any]] = [
    *kasbon_pages.routes,
    *credit_pages.routes,
    *counter_pages.routes,
    *payroll_pages.routes,
    *payroll_return_pages.routes,
]
