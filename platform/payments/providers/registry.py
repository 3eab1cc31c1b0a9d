"""All ways of paying: importing this registers them."""

from payments.providers import (
    bank_transfer_provider,
    local_methods,
    midtrans_provider,
    qris_provider,
    stripe_provider,
    xendit_provider,
)

__all__ = [
    "bank_transfer_provider",
    "local_methods",
    "midtrans_provider",
    "qris_provider",
    "stripe_provider",
    "xendit_provider",
]
