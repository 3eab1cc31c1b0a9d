"""Hooks by which msgspec encodes and decodes our own types; in JSON, money is an int."""

from typing import Any

from kernel.money import Rupiah


def enc_hook(value: Any) -> Any:
    """Encode a Rupiah as an int. Raises NotImplementedError for any other type."""
    if isinstance(value, Rupiah):
        return int(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def dec_hook(wanted: type, value: Any) -> Any:
    """Decode a Rupiah from an int.

    Raises TypeError for a wrong value, which msgspec reports with the path of the field, and
    NotImplementedError for any other type.
    """
    if wanted is Rupiah:
        return Rupiah(value)
    raise NotImplementedError(f"{wanted.__name__} has no JSON form")
