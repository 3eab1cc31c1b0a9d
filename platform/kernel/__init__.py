"""The kernel: money, ids, clock, errors, formats, database and jobs.

No business, and it imports no other room.
"""
