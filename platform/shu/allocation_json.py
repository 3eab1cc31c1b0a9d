"""The JSON that `lumbung shu allocate` reads and prints, to check a division that was made elsewhere.

Parsing is strict, because a wrong figure is worse than an error: an unknown or repeated key, a number with a
decimal point, or a percentage that JSON would round is refused with a message that says how to correct it.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NoReturn, cast

from governance.errors import PERCENTAGE_NOT_A_NUMBER
from governance.rules import Basis
from kernel.errors import LocalizedText, StoredText
from kernel.money import Rupiah
from shu import errors
from shu.rules import BASES, Allocation, MemberBasis, PlainAllocationLine, get_basis_name

_PERCENT: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_THE_FILE: Final = LocalizedText("Berkas ini")
_OBJECT: Final = LocalizedText("objek JSON { }")
_LIST: Final = LocalizedText("daftar JSON [ ]")
_TEXT: Final = LocalizedText("teks dalam tanda kutip")


class _Inexact(str):
    """A JSON number with a decimal point or an exponent, as text; it is always refused."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def parse_allocation_input(text: str) -> tuple[Rupiah, list[PlainAllocationLine], list[MemberBasis]]:
    """Return the surplus, the lines and the members of a document.

    Raises DomainError (422) with a message that says what to correct.
    """
    document = _parse(text)
    fields = _require_fields(document, _THE_FILE, required=("surplus", "allocation", "members"))
    surplus = fields["surplus"]
    if type(surplus) is not int:
        raise errors.SURPLUS_NOT_WHOLE(value=_format_value(surplus))
    lines = [
        _parse_line(item, position)
        for position, item in enumerate(_require_list(fields["allocation"], "allocation"), start=1)
    ]
    members = [
        _parse_member(item, position)
        for position, item in enumerate(_require_list(fields["members"], "members"), start=1)
    ]
    return Rupiah(surplus), lines, members


def serialize_allocation(allocation: Allocation) -> dict[str, Any]:
    """Return an allocation as plain JSON values.

    They are the pools, each member's shares in the given order, and the pools that could not be divided.
    """
    return {
        "pools": {pool.code: int(pool.amount) for pool in allocation.pools},
        "members": [
            {
                "number": member.number,
                "shares": {code: int(amount) for code, amount in member.shares.items()},
                "total": int(member.total),
            }
            for member in allocation.members
        ],
        "unallocated": {code: int(amount) for code, amount in allocation.unallocated.items()},
    }


def _parse(text: str) -> object:
    try:
        return json.loads(
            text,
            parse_float=_Inexact,
            parse_constant=_reject_constant,
            object_pairs_hook=_reject_repeated_keys,
        )
    except json.JSONDecodeError as error:
        raise errors.NOT_JSON(
            reason=LocalizedText("baris {line}, kolom {column}").format(line=error.lineno, column=error.colno)
        ) from None
    except RecursionError:
        raise errors.NOT_JSON(reason=LocalizedText("terlalu bertingkat")) from None
    except ValueError:  # Python refuses integers of more than some thousand digits
        raise errors.NOT_JSON(reason=LocalizedText("ada angka yang terlalu panjang")) from None


def _reject_constant(name: str) -> NoReturn:
    raise errors.NOT_JSON(reason=LocalizedText("{name} bukan angka").format(name=name))


def _reject_repeated_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        keys = [key for key, _ in pairs]
        raise errors.KEY_TWICE(key=next(key for key in keys if keys.count(key) > 1))
    return fields


def _parse_line(item: object, position: int) -> PlainAllocationLine:
    where = LocalizedText("Baris pembagian ke-{position}").format(position=position)
    fields = _require_fields(item, where, required=("code", "percent"), optional=("basis",))
    code = fields["code"]
    if not isinstance(code, str) or isinstance(code, _Inexact) or not code:
        raise errors.WRONG_SHAPE(
            where=LocalizedText("Kode baris pembagian ke-{position}").format(position=position),
            wanted=_TEXT,
        )
    basis = fields.get("basis")
    if basis is not None and (not isinstance(basis, str) or basis not in BASES):
        raise errors.BASIS_UNKNOWN(line=code, value=_format_value(basis))
    return PlainAllocationLine(code=code, percent=_parse_percent(fields["percent"], code), basis=basis)


def _parse_percent(value: object, code: str) -> Decimal:
    if type(value) is int:
        return Decimal(value)
    if not isinstance(value, str) or isinstance(value, _Inexact):
        raise errors.PERCENTAGE_NOT_EXACT(line=code, value=_format_value(value))
    if not _PERCENT.fullmatch(value.strip()):
        raise PERCENTAGE_NOT_A_NUMBER(line=code, percent=value)
    return Decimal(value.strip())


def _parse_member(item: object, position: int) -> MemberBasis:
    where = LocalizedText("Anggota ke-{position}").format(position=position)
    fields = _require_fields(item, where, required=("number",), optional=BASES)
    number = fields["number"]
    if type(number) not in {str, int}:
        raise errors.WRONG_SHAPE(
            where=LocalizedText("Nomor anggota ke-{position}").format(position=position),
            wanted=_TEXT,
        )
    amounts = {basis: fields.get(basis, 0) for basis in BASES}
    for basis, amount in amounts.items():
        if type(amount) is not int:
            raise errors.MEMBER_BASIS_NOT_WHOLE(
                basis=get_basis_name(basis), number=str(number), value=_format_value(amount)
            )
    return MemberBasis(str(number), **cast("dict[Basis, int]", amounts))


def _require_list(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise errors.WRONG_SHAPE(where=StoredText(f'"{name}"', f'"{name}"'), wanted=_LIST)
    return value


def _require_fields(
    value: object,
    where: LocalizedText | StoredText,
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise errors.WRONG_SHAPE(where=where, wanted=_OBJECT)
    for key in value:
        if key not in required and key not in optional:
            raise errors.KEY_UNKNOWN(where=where, key=key, known=[*required, *optional])
    for key in required:
        if key not in value:
            raise errors.KEY_MISSING(where=where, key=key)
    return value


def _format_value(value: object) -> str:
    """Return a value as it is written in the file, shortened for a message."""
    text = value if isinstance(value, _Inexact) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"
