"""A fake bank: renders statements as BCA, Mandiri, BRI and BNI export them, and serves them.

The layouts are derived from programs that read real exports. They differ in everything possible: a preamble
or none, comma or semicolon, a year in the date or none, two columns or one with CR/DB, thousands with commas
or not, a trailing comma, an apostrophe before a date. A bank may change its export without notice; the
generic layout covers that.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from fakes.fake_server import FakeResponse, FakeServer, Request, json_response

WIB = timezone(timedelta(hours=7))
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class BankMovement:
    """One line: whole rupiah, positive for incoming money.

    ``at`` is a time, shown in WIB. ``pending`` is not booked yet (BCA's PEND).
    """

    at: datetime
    amount: int
    text: str
    reference: str = ""
    branch: str = "0000"
    pending: bool = False

    @property
    def local(self) -> datetime:
        """The time in WIB."""
        return self.at.astimezone(WIB)

    @property
    def received(self) -> int:
        """The amount of an incoming movement, else 0."""
        return max(self.amount, 0)

    @property
    def spent(self) -> int:
        """The amount of an outgoing movement, else 0."""
        return max(-self.amount, 0)


@dataclass(frozen=True)
class BankAccount:
    number: str = "1234567890"
    holder: str = "KOPERASI MELATI SEJAHTERA"
    opening: int = 1_000_000
    since: date | None = None
    until: date | None = None


Row = Sequence[object]
Layout = Callable[[BankAccount, Sequence[BankMovement]], str]


def render_statement(
    bank: str, movements: Iterable[BankMovement], account: BankAccount | None = None
) -> bytes:
    """Return the file that this bank exports for these movements, in the order of time.

    ``bank`` is a key of LAYOUTS.
    """
    ordered = sorted(movements, key=lambda movement: movement.at)
    return LAYOUTS[bank](account or BankAccount(), ordered).encode()


def _plain(amount: int) -> str:
    return f"{amount}.00"


def _grouped(amount: int) -> str:
    return f"{amount:,}.00"


def _rows(
    rows: Iterable[Row], *, delimiter: str = ",", quoting: Any = csv.QUOTE_MINIMAL, end: str = "\r\n"
) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    return out.getvalue()


def _balances(account: BankAccount, movements: Sequence[BankMovement]) -> list[tuple[BankMovement, int, int]]:
    """Return each movement with the balance before and after it."""
    balances = []
    balance = account.opening
    for movement in movements:
        balances.append((movement, balance, balance + movement.amount))
        balance += movement.amount
    return balances


def _period(account: BankAccount, movements: Sequence[BankMovement]) -> tuple[date, date]:
    days = [movement.local.date() for movement in movements] or [datetime.now(WIB).date()]
    return account.since or min(days), account.until or max(days)


def _bca_preamble(account: BankAccount, movements: Sequence[BankMovement]) -> str:
    since, until = _period(account, movements)
    return (
        "Informasi Rekening - Mutasi Rekening\r\n"
        f"No. rekening : {account.number}\r\n"
        f"Nama : {account.holder}\r\n"
        f"Periode : {since:%d/%m/%Y} - {until:%d/%m/%Y}\r\n"
        "Kode Mata Uang : IDR\r\n\r\n"
    )


def _bca_sums(account: BankAccount, movements: Sequence[BankMovement]) -> str:
    came = sum(movement.received for movement in movements)
    went = sum(movement.spent for movement in movements)
    return (
        f"Saldo Awal : {_grouped(account.opening)}\r\n"
        f"Mutasi Kredit : {_grouped(came)}\r\n"
        f"Mutasi Debet : {_grouped(went)}\r\n"
        f"Saldo Akhir : {_grouped(account.opening + came - went)}\r\n"
    )


def bca(account: BankAccount, movements: Sequence[BankMovement]) -> str:
    """KlikBCA for individuals: no year in dates, apostrophes, CR/DB in an unnamed column, PEND for today."""
    rows: list[Row] = [("Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "", "Saldo")]
    for movement, _, after in _balances(account, movements):
        day = "PEND" if movement.pending else f"{movement.local:%d/%m}"
        side = "CR" if movement.amount >= 0 else "DB"
        rows.append(
            (
                f"'{day}",
                movement.text,
                f"'{movement.branch}",
                _grouped(abs(movement.amount)),
                side,
                _grouped(after),
            )
        )
    return _bca_preamble(account, movements) + _rows(rows) + _bca_sums(account, movements)


def bca_business(account: BankAccount, movements: Sequence[BankMovement]) -> str:
    """KlikBCA Bisnis: every cell quoted, amount and CR/DB in one column, no year in the date."""
    rows: list[Row] = [("Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "Saldo")]
    for movement, _, after in _balances(account, movements):
        side = "CR" if movement.amount >= 0 else "DB"
        day = "PEND" if movement.pending else f"{movement.local:%d/%m}"
        rows.append(
            (day, movement.text, movement.branch, f"{_grouped(abs(movement.amount))} {side}", _grouped(after))
        )
    body = _rows(rows, quoting=csv.QUOTE_ALL)
    return _bca_preamble(account, movements) + body + _bca_sums(account, movements)


def mandiri(account: BankAccount, movements: Sequence[BankMovement]) -> str:
    """Kopra by Mandiri: semicolons, English month names, credit before debit, no thousands separator."""
    rows: list[Row] = [
        (
            "AccountNo",
            "Ccy",
            "PostDate",
            "Remarks",
            "AdditionalDesc",
            "Credit Amount",
            "Debit Amount",
            "Close Balance",
        )
    ]
    for movement, _, after in _balances(account, movements):
        at = movement.local
        moment = f"{at:%d} {MONTHS[at.month - 1]} {at:%Y %H:%M:%S}"
        amounts = (_plain(movement.received), _plain(movement.spent), _plain(after))
        rows.append((account.number, "IDR", moment, f"{movement.text}   ", movement.reference, *amounts))
    return _rows(rows, delimiter=";", end="\n")


def mandiri_older(account: BankAccount, movements: Sequence[BankMovement]) -> str:
    """Mandiri's older export: two equally named columns, two-digit years, ".00" for zero, no balance."""
    described = ("Description", "Description", "Reference No.")
    rows: list[Row] = [("Account No", "Date", "Val. Date", "Transaction Code", *described, "Debit", "Credit")]
    for movement in movements:
        day = f"{movement.local:%d/%m/%y}"
        spent = _grouped(movement.spent) if movement.spent else ".00"
        received = _grouped(movement.received) if movement.received else ".00"
        second = f"{movement.branch} {movement.local:%d%m}       "
        rows.append(
            (account.number, day, day, "6902", movement.text, second, movement.reference, spent, received)
        )
    return _rows(rows)


def bri(account: BankAccount, movements: Sequence[BankMovement]) -> str:
    """BRI (CMS, QLola): eighteen core-system columns and a remark; quoted values, two balances."""
    names = (
        "ID,NOREK,TGL_TRAN,TGL_EFEKTIF,JAM_TRAN,SEQ,DESK_TRAN,SALDO_AWAL_MUTASI,MUTASI_DEBET,MUTASI_KREDIT,SALDO_AKHIR_MUTASI,"
        "GLSIGN,TRUSER,KODE_TRAN,KODE_TRAN_TELLER,TRREMK,TLBDS1,TLBDS2,REMARK_CUSTOM\n"
    )
    rows: list[Row] = []
    for number, (movement, before, after) in enumerate(_balances(account, movements), start=1):
        moment = f"{movement.local:%Y-%m-%d %H:%M:%S}"
        sign = "Cr" if movement.amount >= 0 else "Db"
        amounts = (_plain(before), _plain(movement.spent), _plain(movement.received), _plain(after))
        start = (
            number,
            account.number,
            moment,
            moment,
            f"{movement.local:%H%M%S}",
            143800 + number,
            movement.text,
        )
        rows.append((*start, *amounts, sign, "8888079", "4", "6670", movement.reference, "", "", ""))
    return names + _rows(rows, quoting=csv.QUOTE_ALL, end="\n")


def bni(account: BankAccount, movements: Sequence[BankMovement]) -> str:
    """BNIDirect: dots in times, two-digit years, a pipe in the text, a trailing comma, no balance."""
    lines = ["Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit,\r\n"]
    for number, movement in enumerate(movements, start=1):
        moment = f"{movement.local:%d/%m/%y %H.%M.%S}"
        text = f"TRF/PAY/TOP-UP ECHANNEL | {movement.text}" + (
            f" | {movement.reference}" if movement.reference else ""
        )
        row = (moment, moment, movement.branch, f"{900000 + number}", text)
        lines.append(_rows([(*row, _grouped(movement.spent), _grouped(movement.received), "")]))
    return "".join(lines)


LAYOUTS: dict[str, Layout] = {
    "bca": bca,
    "bca_business": bca_business,
    "mandiri": mandiri,
    "mandiri_older": mandiri_older,
    "bri": bri,
    "bni": bni,
}


@dataclass
class AccountHistory:
    account: BankAccount = field(default_factory=BankAccount)
    movements: list[BankMovement] = field(default_factory=list)


class FakeBank(FakeServer):
    """A bank whose statements can be downloaded.

    GET /{bank}/mutasi.csv?since=YYYY-MM-DD&until=YYYY-MM-DD, both days included.
    """

    name = "bank"

    def __init__(self, account: BankAccount | None = None) -> None:
        super().__init__()
        self.ledger = AccountHistory(account or BankAccount())
        self.route("GET", "/{bank}/mutasi.csv", self._download)

    def credit(
        self, amount: int, text: str, *, at: datetime | None = None, reference: str = ""
    ) -> BankMovement:
        """Add an incoming movement; a negative amount is outgoing."""
        movement = BankMovement(at or datetime.now(UTC), amount, text, reference)
        self.ledger.movements.append(movement)
        return movement

    async def _download(self, request: Request) -> FakeResponse:
        bank = request.parts["bank"]
        if bank not in LAYOUTS:
            return json_response(404, {"message": f"no bank {bank}"})
        since = date.fromisoformat(request.query.get("since", "0001-01-01"))
        until = date.fromisoformat(request.query.get("until", "9999-12-31"))
        within = [movement for movement in self.ledger.movements if since <= movement.local.date() <= until]
        before = sum(movement.amount for movement in self.ledger.movements if movement.local.date() < since)
        body = render_statement(
            bank, within, replace(self.ledger.account, opening=self.ledger.account.opening + before)
        )
        name = f'attachment; filename="mutasi-{bank}.csv"'
        return FakeResponse(
            200, body, {"content-type": "text/csv; charset=utf-8", "content-disposition": name}
        )
