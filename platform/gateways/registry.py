"""Import this module to register the gateways and QRIS as providers."""

from gateways import (
    bank_transfer_provider,
    midtrans_provider,
    qris_provider,
    stripe_provider,
    xendit_provider,
)

__all__ = [
    "bank_transfer_provider",
    "midtrans_provider",
    "qris_provider",
    "stripe_provider",
    "xendit_provider",
]
