"""Bank statements, matching and reconciliation.

Statement lines are matched with payments. Provider movements and balances are compared with the clearing
accounts of the books.
"""
