"""A stand-in for Stripe. See ../README.md."""

from stand_ins.stripe.faults import Fault, Faults
from stand_ins.stripe.server import FakeStripe
from stand_ins.stripe.session_payment import SessionNotOpen
from stand_ins.stripe.webhooks import Delivery, signature

__all__ = ["Delivery", "FakeStripe", "Fault", "Faults", "SessionNotOpen", "signature"]
