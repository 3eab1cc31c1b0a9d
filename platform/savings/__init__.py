"""Savings of members by kind (simpanan pokok, wajib, sukarela): deposits, withdrawals, dues.

The amounts are stored only in the ledger, as balances by party.
"""
