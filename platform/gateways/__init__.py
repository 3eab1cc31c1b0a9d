"""Payment gateways and QRIS as their outside worlds speak: clients, formats, signatures, amounts.

Knows no tenant, no session and no journal. Payments and billing both use it.
"""
