"""The books. One door in, ``post``; nothing edited; every correction is a reversal.

Savings, dues and purchases of a member are balances of accounts *by party* here, so a sub-ledger cannot
differ from its control account: it is the same rows.
"""

from ledger.posting import Journal, Line, PostedJournal, post, post_many, reverse

__all__ = ["Journal", "Line", "PostedJournal", "post", "post_many", "reverse"]
