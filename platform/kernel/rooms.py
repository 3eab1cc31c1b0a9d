"""The list of rooms, and the import of a module from each of them."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Final

# Lowest room first. pyproject.toml repeats it for packaging and import contracts; a test compares them.
ROOMS: Final = (
    "kernel",
    "tenants",
    "ui",
    "cooperative",
    "ledger",
    "governance",
    "gateways",
    "savings",
    "members",
    "payments",
    "banking",
    "credit",
    "shop",
    "shu",
    "onboarding",
    "billing",
    "operators",
    "backoffice",
    "fakes",
    "demo",
    "web",
    "commands",
)
_SOURCE_ROOT: Final = Path(__file__).parents[1]


def import_from_rooms(name: str) -> list[ModuleType]:
    """Import the module ``name`` (``models``, ``tasks``, ``pages``) of every room that has one."""
    return [
        importlib.import_module(f"{room}.{name}")
        for room in ROOMS
        if (_SOURCE_ROOT / room / f"{name}.py").exists()
    ]
