"""Pages of payments: paying, receipts, members' wallets, and officers' settings and lists."""

from typing import Any, Final

import payments.builtin_subject_pages  # noqa: F401 - registers the pages of builtin purposes
from payments import (
    exception_pages,
    method_settings_pages,
    officer_pages,
    payer_pages,
    pending_refund_pages,
    receipt_pages,
    refund_pages,
    wallet_pages,
)

cooperative_routes: Final[list[Any]] = [
    *payer_pages.routes,
    *receipt_pages.routes,
    *wallet_pages.routes,
    *method_settings_pages.routes,
    *officer_pages.routes,
    *exception_pages.routes,
    *refund_pages.routes,
    *pending_refund_pages.routes,
]
