"""Importing this module registers the gateways and QRIS."""

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
