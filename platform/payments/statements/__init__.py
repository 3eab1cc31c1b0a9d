"""Statements of the bank and of a QRIS acquirer: read, matched to what waits, and what is doubtful decided by
an officer.
"""
