"""Two cooperatives to look around in, with invented people and a year of sales, made by the use cases that a
person uses.
"""

from demo.seed import DemoLogin, list_notes, seed_demo

__all__ = ["DemoLogin", "list_notes", "seed_demo"]
