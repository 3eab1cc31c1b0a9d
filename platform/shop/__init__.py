"""The shop: products, stock, and every order from the cart to hand-over.

An order reserves stock when it is placed and removes it when it is handed over. Every step posts to the
ledger through `ledger.post_journal`.
"""
