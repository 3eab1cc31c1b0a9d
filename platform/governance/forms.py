"""The form that changes the bylaws. Each allocation line is a numbered row of four fields."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, cast, get_args

import msgspec

from governance.rules import (
    BASIS_NAMES,
    AllocationKind,
    AllocationLine,
    Bylaws,
    DepositRules,
    MembershipRules,
    PaymentMethodCode,
    PricingRules,
    SavingsKind,
    UniqueSuffixPolicy,
)
from governance.templates import TEMPLATES
from kernel import formats
from kernel.formats import Lang
from kernel.money import Rupiah

MAX_LINES: Final = 24

AllocationTarget = Literal["savings", "purchases", "loans", "reserve", "fund", "third_party"]
SAVINGS_KINDS: Final[tuple[SavingsKind, ...]] = ("principal", "mandatory", "voluntary")
PAYMENT_METHODS: Final[tuple[PaymentMethodCode, ...]] = get_args(PaymentMethodCode)

# The account that a new line is credited to: the members' account, the general reserve, or other liabilities.
_ACCOUNT_OF_KIND: Final[dict[AllocationKind, str]] = {
    "members": "2121",
    "reserve": "3161",
    "fund": "2160",
    "third_party": "2160",
}
_KNOWN_LINES: Final = {line.code: line for bylaws in TEMPLATES.values() for line in bylaws.allocation}
_LETTERS: Final = "bcdefghijklmnopqrstuvwxyz"


class BylawsFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The form's fields except the rows.

    ``do`` names the button that was pressed, ``based_on`` the version that the officer started from.
    """

    do: Annotated[str, msgspec.Meta(max_length=20)] = "lihat"
    rows: Annotated[int, msgspec.Meta(ge=1, le=MAX_LINES)] = 1
    based_on: Annotated[int, msgspec.Meta(ge=1, le=32_000)]
    effective_on: date
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    principal: Rupiah
    mandatory: Rupiah
    answer_days: int
    member_discount: Decimal
    public_markup: Decimal
    rounding_unit: int
    counts_principal: bool = False
    counts_mandatory: bool = False
    counts_voluntary: bool = False
    pay_cash: bool = False
    pay_bank_transfer: bool = False
    pay_qris: bool = False
    pay_stripe: bool = False
    pay_midtrans: bool = False
    pay_xendit: bool = False
    pay_savings: bool = False
    pay_wallet: bool = False
    pay_kasbon: bool = False
    pay_payroll: bool = False
    transfer_suffix: UniqueSuffixPolicy = "savings"


_ROW_FIELDS: Final[list[tuple[str, Any, Any]]] = [
    (f"{name}_{row}", kind, default)
    for row in range(MAX_LINES)
    for name, kind, default in (
        ("label", Annotated[str, msgspec.Meta(max_length=60)], ""),
        ("percent", Decimal | None, None),
        ("goes_to", AllocationTarget, "fund"),
        ("code", Annotated[str, msgspec.Meta(max_length=60)], ""),
    )
]
BylawsForm = msgspec.defstruct(
    "BylawsForm",
    _ROW_FIELDS,
    bases=(BylawsFields,),
    forbid_unknown_fields=True,
    kw_only=True,
    module=__name__,
)

# The form's field for the path of each rule; the rule's error message is shown there.
_FIELDS: Final = {
    "deposits.principal": "principal",
    "deposits.mandatory": "mandatory",
    "membership.answer_days": "answer_days",
    "prices.member_discount_percent": "member_discount",
    "prices.public_markup_percent": "public_markup",
    "prices.rounding_unit": "rounding_unit",
    "savings_basis": "counts_principal",
    "payment_methods": "pay_cash",
    "effective_on": "effective_on",
}
_ROW_FIELD_OF: Final = {
    "percent": "percent",
    "code": "label",
    "label_id": "label",
    "basis": "goes_to",
    "account": "label",
}


def parse_bylaws(data: Any, base: Bylaws) -> tuple[Bylaws, list[int]]:
    """Return the bylaws of a form without errors, and the row of each allocation line.

    A row without a name and without a percentage is skipped. A line keeps the code, the account and the
    English name that it has in ``base``.
    """
    filled = [
        row
        for row in range(data.rows)
        if getattr(data, f"label_{row}") or getattr(data, f"percent_{row}") is not None
    ]
    known = {**_KNOWN_LINES, **{line.code: line for line in base.allocation}}
    taken: dict[str, str] = {}
    lines = []
    for row in filled:
        label = getattr(data, f"label_{row}").strip()
        code = _choose_code(label, getattr(data, f"code_{row}"), base, taken)
        taken.setdefault(code, label)
        percent = getattr(data, f"percent_{row}")
        lines.append(_build_line(known.get(code), code, label, percent, getattr(data, f"goes_to_{row}")))
    bylaws = Bylaws(
        allocation=tuple(lines),
        deposits=DepositRules(principal=data.principal, mandatory=data.mandatory),
        membership=MembershipRules(answer_days=data.answer_days),
        prices=PricingRules(
            member_discount_percent=data.member_discount,
            public_markup_percent=data.public_markup,
            rounding_unit=data.rounding_unit,
        ),
        savings_basis=tuple(kind for kind in SAVINGS_KINDS if getattr(data, f"counts_{kind}")),
        payment_methods=tuple(method for method in PAYMENT_METHODS if getattr(data, f"pay_{method}")),
        transfer_suffix=data.transfer_suffix,
    )
    return bylaws, filled


def get_field_name(rule: object, rows: list[int]) -> str:
    """Return the form's field for the path of a rule ("allocation.2.percent"), or "" for the whole form.

    ``rows`` are the rows that ``parse_bylaws`` returned.
    """
    path = str(rule or "")
    parts = path.split(".")
    if parts[0] == "allocation" and len(parts) == 3:
        return f"{_ROW_FIELD_OF[parts[2]]}_{rows[int(parts[1])]}"
    return _FIELDS.get(path, "")


def to_form_values(bylaws: Bylaws, *, based_on: int, effective_on: date, lang: Lang) -> dict[str, str]:
    """Return the values of a new form: the current bylaws, and one empty row."""
    values = {
        "rows": str(min(len(bylaws.allocation) + 1, MAX_LINES)),
        "based_on": str(based_on),
        "effective_on": effective_on.isoformat(),
        "note": "",
        "principal": formats.number(bylaws.deposits.principal, "id"),
        "mandatory": formats.number(bylaws.deposits.mandatory, "id"),
        "answer_days": str(bylaws.membership.answer_days),
        "member_discount": formats.number(bylaws.prices.member_discount_percent, lang),
        "public_markup": formats.number(bylaws.prices.public_markup_percent, lang),
        "rounding_unit": str(bylaws.prices.rounding_unit),
        **{f"counts_{kind}": "1" for kind in bylaws.savings_basis},
        **{f"pay_{method}": "1" for method in bylaws.payment_methods},
        "transfer_suffix": bylaws.transfer_suffix,
    }
    for row, line in enumerate(bylaws.allocation):
        values |= {
            f"label_{row}": line.label.localize("id"),
            f"percent_{row}": formats.number(line.percent, lang),
            f"goes_to_{row}": line.basis or line.kind,
            f"code_{row}": line.code,
        }
    return values


def remove_row(values: Mapping[str, str], gone: int) -> dict[str, str]:
    """Return the form's values without one row; the rows below it move up."""
    rows = count_rows(values)
    others = {name: value for name, value in values.items() if not _is_row_field(name)}
    at = 0
    for row in range(rows):
        if row == gone:
            continue
        others |= {
            f"{name}_{at}": values.get(f"{name}_{row}", "")
            for name in ("label", "percent", "goes_to", "code")
        }
        at += 1
    return {**others, "rows": str(max(at, 1))}


def count_rows(values: Mapping[str, str]) -> int:
    """Return the number of rows that the form shows."""
    typed = values.get("rows", "1")
    return min(max(int(typed), 1), MAX_LINES) if is_row_number(typed) else 1


def is_row_number(text: str) -> bool:
    """Return whether a text is a row number, as buttons and fields send it."""
    return text.isdecimal() and len(text) < 4


def _is_row_field(name: str) -> bool:
    head, _, row = name.rpartition("_")
    return head in {"label", "percent", "goes_to", "code"} and is_row_number(row)


def _build_line(
    before: AllocationLine | None, code: str, label: str, percent: Decimal | None, goes_to: AllocationTarget
) -> AllocationLine:
    basis = goes_to if goes_to in BASIS_NAMES else None
    kind: AllocationKind = "members" if basis else cast("AllocationKind", goes_to)
    return AllocationLine(
        code=code,
        label_id=label,
        label_en=before.label_en if before is not None and before.label_id == label else label,
        percent=Decimal("NaN") if percent is None else percent,
        kind=kind,
        account=before.account if before is not None and before.kind == kind else _ACCOUNT_OF_KIND[kind],
        basis=basis,
    )


def _choose_code(label: str, sent: str, base: Bylaws, taken: Mapping[str, str]) -> str:
    """Return the code of a line: an existing line keeps its code, a new line gets one from its name."""
    if any(line.code == sent for line in base.allocation) and sent not in taken:
        return sent
    for line in _KNOWN_LINES.values():
        if line.label_id.lower() == label.lower() and line.code not in taken:
            return line.code
    code = make_code(label)
    if taken.get(code, label).lower() == label.lower():
        return code
    return next((f"{code}_{letter}" for letter in _LETTERS if f"{code}_{letter}" not in taken), code)


def make_code(label: str) -> str:
    """Return a code from the letters a-z of a name: "Dana Sosial & Duka" -> "dana_sosial_duka".

    Returns "bagian" for a name without such letters.
    """
    plain = unicodedata.normalize("NFKD", label.lower()).encode("ascii", "ignore").decode()
    return "_".join(_split_words(plain)) or "bagian"


def _split_words(text: str) -> Iterable[str]:
    return "".join(letter if "a" <= letter <= "z" else " " for letter in text).split()
