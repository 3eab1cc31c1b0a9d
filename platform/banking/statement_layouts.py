"""Column layouts of four banks' statements, and mappings for other tables.

Sources, as exports of these banks look in 2026: KlikBCA (individual and business), Mandiri (Kopra by Mandiri;
MCM/Internet Bisnis), BRI (CMS; internet banking), BNI Direct (statement with debit and credit columns; with
an amount and D/K marks). Banks add and move columns, so a layout is found by column names, not by positions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from banking.errors import AMOUNT_COLUMN_MISSING, COLUMN_TWICE, NO_SUCH_COLUMN
from banking.statement_cells import clean_cell, is_amount_cell, looks_like_date


class ColumnMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The positions of a table's columns, counted from 0.

    Either ``amount`` (with its side in ``mark``, in the cell, or as a sign) or ``credit``.

    ``by_sign``: an amount without a minus is incoming, as in acquirers' files; banks mark each. ``outcome``
    is the column with the status of an acquirer's payment; ``month_first``: dates are month/day/year.
    """

    date: int
    texts: tuple[int, ...]
    amount: int | None = None
    mark: int | None = None
    credit: int | None = None
    debit: int | None = None
    balance: int | None = None
    account: int | None = None
    outcome: int | None = None
    by_sign: bool = False
    month_first: bool = False

    @property
    def amount_columns(self) -> tuple[int, ...]:
        """Return the columns that may hold a line's amount."""
        return tuple(place for place in (self.amount, self.credit, self.debit) if place is not None)


class BankLayout(msgspec.Struct, frozen=True, kw_only=True):
    """A bank's column names.

    Every role but ``texts``, ``account`` and those in ``optional`` must be found; each lists its
    alternatives.
    """

    key: str
    bank: str
    identifying_columns: tuple[tuple[str, ...], ...] = ()
    optional: tuple[str, ...] = ()
    date: tuple[str, ...]
    texts: tuple[str, ...]
    amount: tuple[str, ...] = ()
    side: tuple[str, ...] = ()
    credit: tuple[str, ...] = ()
    debit: tuple[str, ...] = ()
    balance: tuple[str, ...] = ()
    account: tuple[str, ...] = ()


# The most specific first: the first layout whose columns all exist is used.
LAYOUTS: Final = (
    BankLayout(
        key="bri",
        bank="BRI",
        date=("tgl_tran",),
        texts=("desk_tran", "trremk", "remark_custom"),
        credit=("mutasi_kredit",),
        debit=("mutasi_debet",),
        balance=("saldo_akhir_mutasi",),
        account=("norek",),
    ),
    BankLayout(
        key="bri",
        bank="BRI",
        identifying_columns=(("teller",),),
        date=("tanggal transaksi",),
        texts=("uraian transaksi",),
        credit=("kredit",),
        debit=("debet", "debit"),
        balance=("saldo",),
    ),
    BankLayout(
        key="mandiri",
        bank="Mandiri",
        date=("postdate",),
        texts=("remarks", "additionaldesc"),
        credit=("credit amount",),
        debit=("debit amount",),
        balance=("close balance",),
        account=("accountno",),
    ),
    BankLayout(
        key="mandiri",
        bank="Mandiri",
        identifying_columns=(("val. date",), ("transaction code",), ("account no",)),
        date=("date",),
        texts=("description", "reference no."),
        credit=("credit",),
        debit=("debit",),
        account=("account no",),
    ),
    BankLayout(
        key="bni",
        bank="BNI",
        identifying_columns=(("journal no", "journal no.", "journal"),),
        date=("post date", "posting date"),
        texts=("description", "transaction description"),
        credit=("credit",),
        debit=("debit",),
        optional=("balance",),
        balance=("balance",),
    ),
    BankLayout(
        key="bni",
        bank="BNI",
        identifying_columns=(("journal no", "journal no.", "journal"),),
        date=("post date", "posting date"),
        texts=("description", "transaction description"),
        amount=("amount",),
        side=("db/cr", "d/k", "db/kr"),
        balance=("balance",),
    ),
    BankLayout(
        key="bca",
        bank="BCA",
        identifying_columns=(("cabang", "branch"),),
        date=("tanggal transaksi", "tanggal", "date"),
        texts=("keterangan", "description"),
        amount=("jumlah", "amount"),
        balance=("saldo", "balance"),
    ),
)

BANKS: Final[Mapping[str, str]] = {layout.key: layout.bank for layout in LAYOUTS}

# Keywords that propose the columns of an unknown table to the officer.
_COLUMN_KEYWORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "date": ("tanggal", "tgl", "date", "waktu", "time"),
    "credit": ("kredit", "credit", "masuk", "deposit"),
    "debit": ("debet", "debit", "keluar", "withdrawal"),
    "amount": ("jumlah", "amount", "nominal", "mutasi", "total"),
    "mark": ("db/cr", "cr/db", "d/k", "tipe", "jenis", "type"),
    "balance": ("saldo", "balance"),
    "outcome": ("status",),
    "texts": (
        "keterangan",
        "uraian",
        "deskripsi",
        "description",
        "remark",
        "berita",
        "catatan",
        "rincian",
        "referensi",
        "reference",
    ),
}


def normalize_header(header: Sequence[str]) -> tuple[str, ...]:
    """Return a header's names for comparison: lower case, single spaces, without empty trailing columns."""
    names = [" ".join(clean_cell(cell).lower().split()) for cell in header]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def header_fingerprint(header: Sequence[str]) -> str:
    """Return the hash by which a header's mapping is stored."""
    return hashlib.sha256("\x1f".join(normalize_header(header)).encode()).hexdigest()


def detect_layout(header: Sequence[str]) -> tuple[BankLayout, ColumnMapping] | None:
    """Return the bank's layout that has this header, with its column positions, or None."""
    names = normalize_header(header)
    for layout in LAYOUTS:
        columns = _match_layout(layout, names)
        if columns is not None:
            return layout, columns
    return None


def _match_layout(layout: BankLayout, names: tuple[str, ...]) -> ColumnMapping | None:
    """Return the column positions if the header has all columns of this layout, else None."""
    if not all(any(name in names for name in alternatives) for alternatives in layout.identifying_columns):
        return None
    date, texts = (
        _find_column(layout.date, names),
        tuple(at for at, name in enumerate(names) if name in layout.texts),
    )
    if date is None or not texts:
        return None
    places = {}
    for role in ("amount", "side", "credit", "debit", "balance"):
        wanted = getattr(layout, role)
        places[role] = _find_column(wanted, names)
        if wanted and places[role] is None and role not in layout.optional:
            return None
    mark = places["side"]
    if mark is None and places["amount"] is not None:
        mark = _unnamed_column_after(places["amount"], names)
    return ColumnMapping(
        date=date,
        texts=texts,
        amount=places["amount"],
        mark=mark,
        credit=places["credit"],
        debit=places["debit"],
        balance=places["balance"],
        account=_find_column(layout.account, names),
    )


def _find_column(alternatives: Sequence[str], names: tuple[str, ...]) -> int | None:
    """Return the position of the first of the names that the header has, or None."""
    return next((names.index(name) for name in alternatives if name in names), None)


def _unnamed_column_after(amount: int, names: tuple[str, ...]) -> int | None:
    """Return KlikBCA's column for CR and DB, which has no name and is right of the amount, or None."""
    return amount + 1 if amount + 1 < len(names) and not names[amount + 1] else None


def looks_like_header(cells: Sequence[str]) -> bool:
    """Return whether a row may be a header: at least three names, and no date or amount."""
    filled = [cell for cell in cells if clean_cell(cell)]
    return len(filled) >= 3 and not any(looks_like_date(cell) or is_amount_cell(cell) for cell in filled)


def propose_columns(header: Sequence[str]) -> dict[str, int]:
    """Propose a position for each role of an unknown table, by keywords in the column names.

    Roles: "date", "text", "amount", "mark", "credit", "debit", "balance", "outcome".
    """
    names = normalize_header(header)
    found: dict[str, int] = {}
    for role, words in _COLUMN_KEYWORDS.items():
        place = next(
            (
                at
                for word in words
                for at, name in enumerate(names)
                if word in name and at not in found.values()
            ),
            None,
        )
        if place is not None:
            found["text" if role == "texts" else role] = place
    if "credit" in found:
        found.pop("amount", None)
        found.pop("mark", None)
    left = [at for at in range(len(names)) if at not in found.values()]
    if "text" not in found and left:
        found["text"] = left[0]
    return found


def check_columns(columns: ColumnMapping, width: int) -> None:
    """Raise DomainError for an unusable mapping: missing column, column used twice, no amount."""
    single = [
        columns.date,
        columns.mark,
        columns.balance,
        columns.outcome,
        columns.amount,
        columns.credit,
        columns.debit,
    ]
    places = [place for place in (*single, *columns.texts) if place is not None]
    if not columns.texts or not all(0 <= place < width for place in places):
        raise NO_SUCH_COLUMN()
    if len(set(places)) < len(places):
        raise COLUMN_TWICE()
    if columns.amount is None and columns.credit is None:
        raise AMOUNT_COLUMN_MISSING()
