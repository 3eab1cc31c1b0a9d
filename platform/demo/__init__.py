"""The demo: two cooperatives with invented people and a year of sales, created through the use cases."""

from demo.seed import DemoLogin, list_demo_hints, seed_demo

__all__ = ["DemoLogin", "list_demo_hints", "seed_demo"]
