"""Money, ids, clock, errors, formats, database and jobs: code without business rules.

The kernel imports no other room.
"""
