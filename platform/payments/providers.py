"""All ways of paying, in the order in which a cooperative that has set none sees them: importing this registers them."""

from payments import (
    bank_transfer_provider,
    local_ways,
    midtrans_provider,
    qris_provider,
    stripe_provider,
    xendit_provider,
)

__all__ = [
    "bank_transfer_provider",
    "local_ways",
    "midtrans_provider",
    "qris_provider",
    "stripe_provider",
    "xendit_provider",
]
