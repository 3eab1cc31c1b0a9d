"""Savings: what each member has put in, by kind, and the two ways it moves.

The amounts live in the books alone, by party.
"""
