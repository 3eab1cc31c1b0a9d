"""The books for officers: trial balance, accounts with their lines, journals, and whether it all agrees.

Every figure opens.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from kernel import clock
from kernel.database import Reader
from kernel.errors import LocalizedText
from kernel.timeouts import EXPORT
from ledger import book_queries, errors, export, queries
from ledger.book_queries import Agreement
from ledger.chart import MONEY
from ledger.days import EARLIEST_DAY
from ledger.manual import REVERSIBLE
from ui import AnyRequest, Ro, TheBrand, TheTenant, TheVisit, Visit, officer, page
from ui.leaving import while_reader_stays

BOOKS: Final = "/pengurus/buku"
PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 1_000_000

KIND_NAMES: Final[dict[str, LocalizedText]] = {
    "asset": LocalizedText("Aset", "Assets"),
    "liability": LocalizedText("Kewajiban", "Liabilities"),
    "equity": LocalizedText("Ekuitas", "Equity"),
    "income": LocalizedText("Pendapatan", "Income"),
    "expense": LocalizedText("Beban", "Expenses"),
}
SOURCES: Final[dict[str, LocalizedText]] = {
    "sales-import": LocalizedText("Impor penjualan", "Import of sales"),
    "purchase-of-sales-import": LocalizedText("Impor penjualan", "Import of sales"),
    "members-import": LocalizedText("Impor anggota", "Import of members"),
    "products-import": LocalizedText("Impor barang", "Import of goods"),
    "order": LocalizedText("Pesanan toko", "Order in the shop"),
    "payment": LocalizedText("Pembayaran", "Payment"),
    "refund": LocalizedText("Pengembalian uang", "Refund"),
    "movement": LocalizedText("Pencairan dari penyedia", "Payout of a provider"),
    "movement-fee": LocalizedText("Biaya penyedia", "Fee of a provider"),
    "repayment": LocalizedText("Pelunasan kasbon di loket", "Repayment at the counter"),
    "wallet-counter": LocalizedText("Isi dompet di loket", "Top-up at the counter"),
    "payroll": LocalizedText("Balasan potong gaji", "Answer about deductions from pay"),
    "payroll-difference": LocalizedText("Selisih potong gaji", "Difference of deductions from pay"),
    "payroll-stray": LocalizedText("Selisih potong gaji", "Difference of deductions from pay"),
    "arrival": LocalizedText("Uang masuk rekening", "Money that reached the bank"),
    "manual": LocalizedText("Catatan tangan", "Entry by hand"),
    "reversal": LocalizedText("Pembalikan", "Reversal"),
}


def year_in(tahun: int | None, brand: Any) -> int:
    """The year that an address asks for; this year when it asks for none that can be."""
    this_year = clock.today(brand.timezone).year
    return tahun if tahun is not None and EARLIEST_DAY.year <= tahun <= this_year + 1 else this_year


def source_of(source_key: str) -> LocalizedText | None:
    """Where a journal came from, in words."""
    return SOURCES.get(source_key.partition(":")[0].partition("+")[0])


def checks_of(totals: list[queries.AccountTotal], sums: Agreement) -> list[dict[str, Any]]:
    """The sums that must agree: what is compared, both figures, and whether they do."""
    debit, credit = sum(each.debit for each in totals), sum(each.credit for each in totals)
    own = sums.liabilities + sums.equity + sums.result
    pairs = [
        (
            LocalizedText("Jumlah debit = jumlah kredit tahun ini", "Debits = credits of this year"),
            debit,
            credit,
        ),
        (
            LocalizedText(
                "Persediaan di buku (1130) = nilai barang di rak",
                "Stock in the books (1130) = value of the goods",
            ),
            sums.stock_account,
            sums.stock_value,
        ),
        (
            LocalizedText(
                "Aset = kewajiban + ekuitas + hasil usaha", "Assets = liabilities + equity + result"
            ),
            sums.assets,
            own,
        ),
    ]
    return [
        {"what": what, "left": left, "right": right, "agrees": left == right} for what, left, right in pairs
    ]


async def year_choices(ro: Reader, year: int) -> list[int]:
    """The years to choose from, newest first."""
    return sorted({*await queries.years(ro), year}, reverse=True)


@get(BOOKS, guards=[officer])
async def trial_balance(
    request: AnyRequest, ro: Ro, brand: TheBrand, tahun: FromQuery[int | None] = None
) -> Response[bytes]:
    """Every account of a year, and whether the books agree."""
    year = year_in(tahun, brand)
    totals = await queries.trial_balance(ro, year)
    closed = await queries.closed_years(ro)
    return page(
        request,
        "ledger/trial_balance.html",
        place="buku",
        year=year,
        years=await year_choices(ro, year),
        groups=[
            (name, [each for each in totals if each.kind == kind])
            for kind, name in KIND_NAMES.items()
            if any(each.kind == kind for each in totals)
        ],
        debit=sum(each.debit for each in totals),
        credit=sum(each.credit for each in totals),
        surplus=await queries.surplus(ro, year),
        cash=sum(each.closing for each in totals if each.code in MONEY),
        checks=checks_of(totals, await book_queries.agreement(ro)),
        is_closed=year in closed,
        can_close=year < clock.today(brand.timezone).year and year not in closed and bool(totals),
    )


@get(f"{BOOKS}/akun/{{code:str}}", guards=[officer])
async def account_page(
    request: AnyRequest,
    ro: Ro,
    brand: TheBrand,
    code: FromPath[str],
    tahun: FromQuery[int | None] = None,
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """The lines of an account in a year."""
    account = await book_queries.account(ro, code)
    if account is None:
        raise errors.NO_SUCH_ACCOUNT(account=code[:20])
    year, number = year_in(tahun, brand), min(max(halaman, 1), LARGEST_PAGE)
    sums = await book_queries.line_totals(ro, code, year)
    lines = await book_queries.account_lines(ro, code, year, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
    opening = await book_queries.opening_of(ro, code, year)
    sign = 1 if account.normal_side == "debit" else -1
    return page(
        request,
        "ledger/account.html",
        block="list",
        place="buku",
        account=account,
        year=year,
        years=await year_choices(ro, year),
        sums=sums,
        opening=sign * opening,
        closing=sign * (opening + sums.debit - sums.credit),
        lines=lines,
        parties=await book_queries.parties(ro, list({line.party for line in lines if line.party})),
        number=number,
        pages=-(-sums.count // PAGE_SIZE),
    )


@get(f"{BOOKS}/jurnal", guards=[officer])
async def journal_list(
    request: AnyRequest,
    ro: Ro,
    brand: TheBrand,
    tahun: FromQuery[int | None] = None,
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """The journals of a year."""
    year, number = year_in(tahun, brand), min(max(halaman, 1), LARGEST_PAGE)
    total = await book_queries.count_journals(ro, year)
    return page(
        request,
        "ledger/journals.html",
        block="list",
        place="buku",
        year=year,
        years=await year_choices(ro, year),
        total=total,
        journals=await book_queries.journal_heads(ro, year, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE),
        number=number,
        pages=-(-total // PAGE_SIZE),
    )


@get(f"{BOOKS}/jurnal/{{number:int}}", guards=[officer])
async def journal_page(
    request: AnyRequest, ro: Ro, visit: TheVisit, number: FromPath[int]
) -> Response[bytes]:
    """One journal with its lines and the balances right after it."""
    return page(
        request, "ledger/journal.html", place="buku", form=None, **await journal_context(ro, visit, number)
    )


async def journal_context(ro: Reader, visit: Visit, number: int) -> dict[str, Any]:
    """What the page of a journal shows. Raises DomainError ledger.no_such_journal."""
    journal = await queries.journal(ro, number) if 0 < number < 2**62 else None
    if journal is None:
        raise errors.NO_SUCH_JOURNAL(number=number)
    lines = await queries.lines(ro, number)
    parties = await book_queries.parties(ro, list({line.party for line in lines if line.party}))
    source = source_of(journal.source_key)
    shown = [
        {
            "account": line.account,
            "name": line.name_id if visit.lang == "id" else line.name_en,
            "party": party_name(parties.get(line.party)) if line.party else None,
            "debit": line.debit,
            "credit": line.credit,
            "balance": line.balance,
            "href": f"{BOOKS}/akun/{line.account}?tahun={journal.value_date.year}",
        }
        for line in lines
    ]
    return {
        "journal": journal,
        "shown": {
            "number": journal.number,
            "date": journal.value_date,
            "description": journal.description,
            "source": source.localize(visit.lang) if source else None,
            "lines": shown,
        },
        "can_reverse": journal.source_key.startswith(REVERSIBLE) and journal.reversed_by is None,
        "today": clock.today(visit.brand.timezone),
    }


def party_name(party: book_queries.Party | None) -> str:
    """A member as the books name them."""
    return f"{party.name} ({party.number})" if party else "–"


@get(f"{BOOKS}/ekspor.zip", guards=[officer], opt={"timeouts": EXPORT})
async def export_page(request: AnyRequest, ro: Ro, tenant: TheTenant, brand: TheBrand) -> Stream:
    """The whole books as CSV files, also while the cooperative is suspended; who leaves ends it."""
    day: date = clock.today(brand.timezone)
    return Stream(
        export.stream(await while_reader_stays(request, export.export_books(ro))),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="buku-{tenant.slug}-{day}.zip"',
            "Cache-Control": "no-store",
        },
    )


routes: Final[list[Any]] = [trial_balance, account_page, journal_list, journal_page, export_page]
