"""The general ledger: accounts, journals and book years.

``post_journal`` is the only way to write to it. A journal is never edited; a correction is a reversal.
Savings, dues and purchases of a member are balances of accounts by party, so a sub-ledger always equals its
control account: both are the same rows.
"""

from ledger.post_once import JournalDraft, post_once
from ledger.posting import Journal, JournalLine, PostedJournal, post_journal, post_journals, reverse_journal

__all__ = [
    "Journal",
    "JournalDraft",
    "JournalLine",
    "PostedJournal",
    "post_journal",
    "post_journals",
    "post_once",
    "reverse_journal",
]
