"""The books. One door in, ``post_journal``; nothing edited; every correction is a reversal.

Savings, dues and purchases of a member are balances of accounts *by party* here, so a sub-ledger cannot
differ from its control account: it is the same rows.
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
