"""Governance: the bylaws of a cooperative as typed, dated and versioned rules."""
