"""Two cooperatives to look around in, with invented people and a year of sales, made by the use cases that a
person uses.
"""

from demo.seeding import SignIn, notes, seed

__all__ = ["SignIn", "notes", "seed"]
