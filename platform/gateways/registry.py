"""Import this module to register the provider of every payment method."""

from gateways import (
    bank_transfer_provider,
    local_provider,
    midtrans_provider,
    qris_provider,
    stripe_provider,
    xendit_provider,
)

__all__ = [
    "bank_transfer_provider",
    "local_provider",
    "midtrans_provider",
    "qris_provider",
    "stripe_provider",
    "xendit_provider",
]
