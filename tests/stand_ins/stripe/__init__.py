"""A stand-in for Stripe. See ../README.md."""

from stand_ins.stripe.faults import Fault, Faults
from stand_ins.stripe.paying import NotOpen
from stand_ins.stripe.stand_in import StripeStandIn
from stand_ins.stripe.webhooks import Delivery, signature

__all__ = ["Delivery", "Fault", "Faults", "NotOpen", "StripeStandIn", "signature"]
