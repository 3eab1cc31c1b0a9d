"""What a cooperative's plan allows, asked in one place.

The registry row carries it; the room ``billing`` writes it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenants.registry import TenantRef

# Every entitlement there is; plans.toml may name no other. "gateways" stands for Stripe, Midtrans and Xendit
# together.
ENTITLEMENTS: Final = frozenset({"custom_domain", "gateways", "payroll"})

# What no page lets a cooperative use yet: a plan may include it, and whoever has it loses nothing later, but
# it is not sold. The registry already asks for "custom_domain" before it answers to a whole host name
# (tenants/registry.py); nothing enters such a name yet.
NOT_YET_AVAILABLE: Final = frozenset({"custom_domain"})

# What a cooperative begins with, the plan that it tries: default of the registry's columns (shared revision
# 0003).
DEFAULT_PLAN: Final = "tumbuh"
DEFAULT_ENTITLEMENTS: Final = ("gateways", "payroll")


def has_entitlement(tenant: TenantRef, name: str) -> bool:
    """Whether the plan of ``tenant`` includes ``name``.

    Raises ValueError for a name that no plan could include: a misspelling.
    """
    if name not in ENTITLEMENTS:
        msg = f"{name!r} is no entitlement; there are {', '.join(sorted(ENTITLEMENTS))}"
        raise ValueError(msg)
    return name in tenant.entitlements
