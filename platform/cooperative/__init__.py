"""What a cooperative is before it has books: its profile, its calendar and its offices.

It lies under the ledger, so that the books can ask which day it is where the cooperative is.
"""
