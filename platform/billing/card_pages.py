"""Paying by card: to Stripe's own pages and back. Nothing of a card passes here."""

from __future__ import annotations

from typing import Any

routes: list[Any] = []
