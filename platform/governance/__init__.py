"""Governance: the bylaws of a cooperative as typed, dated, versioned rules that every other room asks."""
