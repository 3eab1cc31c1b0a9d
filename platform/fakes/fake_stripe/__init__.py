"""A fake Stripe. See ../README.md."""

from fakes.fake_stripe.faults import Fault, Faults
from fakes.fake_stripe.server import FakeStripe
from fakes.fake_stripe.session_payment import SessionNotOpen
from fakes.fake_stripe.webhooks import Delivery, signature

__all__ = ["Delivery", "FakeStripe", "Fault", "Faults", "SessionNotOpen", "signature"]
