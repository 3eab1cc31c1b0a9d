"""Pages of payments: where buyers pay, members' wallets and credit, and the officers' ways, lists and
statements.
"""

from typing import Any, Final

import payments.builtin_subject_pages  # noqa: F401 - payments lead to the pages of what they pay
from payments.credit import counter_pages as credit_counter_pages
from payments.credit import credit_pages
from payments.officer import exception_pages, method_settings_pages, pending_refund_pages, refund_pages
from payments.officer import officer_pages as office_pages
from payments.payer import kasbon_pages, receipt_pages, wallet_pages
from payments.payer import payer_pages as pay_pages
from payments.payroll import payroll_pages, payroll_return_pages
from payments.reconciliation import manual_payout_pages
from payments.reconciliation import reconciliation_pages as reconcile_pages
from payments.statements import statement_pages

routes: Final[list[Any]] = [
    *pay_pages.routes,
    *receipt_pages.routes,
    *wallet_pages.routes,
    *kasbon_pages.routes,
    *statement_pages.routes,
    *method_settings_pages.routes,
    *office_pages.routes,
    *exception_pages.routes,
    *refund_pages.routes,
    *pending_refund_pages.routes,
    *reconcile_pages.routes,
    *manual_payout_pages.routes,
    *credit_pages.routes,
    *credit_counter_pages.routes,
    *payroll_pages.routes,
    *payroll_return_pages.routes,
]
