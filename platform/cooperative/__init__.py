"""The profile, the calendar and the offices of a cooperative.

This room is below the ledger, so that the ledger can read the cooperative's current date.
"""
