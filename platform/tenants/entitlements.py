"""Check what a cooperative's plan allows.

The registry row contains the entitlements; the room ``billing`` writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenants.registry import TenantRef

# Every entitlement there is; plans.toml may name no other. "gateways" stands for Stripe, Midtrans and Xendit
# together.
ENTITLEMENTS: Final = frozenset({"custom_domain", "gateways", "payroll"})

# Entitlements that no page uses yet: a plan may include them, but they are not sold. The registry already
# checks "custom_domain" before it returns the cooperative of a whole host name (tenants/registry.py); nothing
# stores such a name yet.
NOT_YET_AVAILABLE: Final = frozenset({"custom_domain"})

# The trial plan of a new cooperative: defaults of the registry's columns (shared revision 0003).
DEFAULT_PLAN: Final = "tumbuh"
DEFAULT_ENTITLEMENTS: Final = ("gateways", "payroll")


def has_entitlement(tenant: TenantRef, name: str) -> bool:
    """Whether the plan of ``tenant`` includes ``name``.

    Raises ValueError for a name that is not in ``ENTITLEMENTS``.
    """
    if name not in ENTITLEMENTS:
        msg = f"{name!r} is not an entitlement; the entitlements are {', '.join(sorted(ENTITLEMENTS))}"
        raise ValueError(msg)
    return name in tenant.entitlements
