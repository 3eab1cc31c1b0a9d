"""Verify the PIN of a member who pays on credit, for the checkout page and the change of method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit.terms import consent_with_pin
from gateways.protocol import get_provider
from kernel.errors import DomainError
from payments.member_funds import Consent

if TYPE_CHECKING:
    from kernel.database import Database
    from shop.forms import ChangeMethodForm, CheckoutForm
    from tenants.registry import TenantRef
    from ui import Form, RequestContext


async def verify_consent(
    database: Database,
    tenant: TenantRef,
    ctx: RequestContext,
    form: Form[CheckoutForm] | Form[ChangeMethodForm],
) -> Consent | DomainError | None:
    """Verify the PIN of a confirmed purchase on credit; return None if no PIN is needed.

    Call it before a database connection is taken. A DomainError is returned rather than raised: the caller
    shows it on the page with the PIN, which is built later.
    """
    if (
        form.errors
        or not form.data.confirmed
        or not get_provider(form.data.payment_method).capabilities().requires_pin
    ):
        return None
    if ctx.viewer is None or ctx.viewer.member_id is None:
        return None
    try:
        return await consent_with_pin(
            database, tenant, ctx.viewer.member_id, form.data.pin, client_ip=ctx.client_ip
        )
    except DomainError as error:
        return error
