"""How our own types travel through msgspec. JSON carries money as an int, nothing else."""

from typing import Any

from kernel.money import Rupiah


def enc_hook(value: Any) -> Any:
    """Encode what msgspec does not know: Rupiah as an int. Raises NotImplementedError for anything else."""
    if isinstance(value, Rupiah):
        return int(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def dec_hook(wanted: type, value: Any) -> Any:
    """Decode JSON into our types: Rupiah from an int alone.

    Raises TypeError, which msgspec reports with the path of the field.
    """
    if wanted is Rupiah:
        return Rupiah(value)
    raise NotImplementedError(f"{wanted.__name__} has no JSON form")
