"""Clients of payment gateways and QRIS: API calls, formats, signatures, amounts.

Has no access to tenants, sessions or journals. Payments and billing both use it.
"""
