"""Pages of payments: paying, receipts, members' wallets, and officers' settings and lists."""

from typing import Any, Final

from payments import (
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
    *refund_pages.routes,
    *pending_refund_pages.routes,
]
