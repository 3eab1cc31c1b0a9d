"""Officers' reports of the ledger: trial balance, accounts, journals, control checks, export."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from kernel import clock
from kernel.database import Reader
from kernel.errors import LocalizedText, StoredText
from kernel.timeouts import EXPORT
from ledger import errors, export_ledger, queries, report_queries, year_queries
from ledger.chart import CASH_EQUIVALENT_ACCOUNTS
from ledger.posting_dates import EARLIEST_POSTING_DATE
from ledger.record_manual_entry import REVERSIBLE_KEY_PREFIXES
from ledger.report_queries import ControlTotals
from ui import (
    AnyRequest,
    CurrentBrand,
    CurrentContext,
    CurrentTenant,
    RequestContext,
    Ro,
    may,
    render_page,
)
from ui.disconnects import cancel_on_disconnect
from ui.guards import WHEN_SUSPENDED

LEDGER_URL: Final = "/pengurus/buku"
PAGE_SIZE: Final = 50
MAX_PAGE: Final = 1_000_000

ACCOUNT_KIND_LABELS: Final[dict[str, LocalizedText]] = {
    "asset": LocalizedText("Aset"),
    "liability": LocalizedText("Kewajiban"),
    "equity": LocalizedText("Ekuitas"),
    "income": LocalizedText("Pendapatan", context="ledger.report_pages"),
    "expense": LocalizedText("Beban"),
}
SOURCE_LABELS: Final[dict[str, LocalizedText]] = {
    "sales-import": LocalizedText("Impor penjualan"),
    "purchase-of-sales-import": LocalizedText("Impor penjualan"),
    "members-import": LocalizedText("Impor anggota"),
    "products-import": LocalizedText("Impor barang"),
    "order": LocalizedText("Pesanan toko"),
    "payment": LocalizedText("Pembayaran"),
    "refund": LocalizedText("Pengembalian uang"),
    "movement": LocalizedText("Pencairan dari penyedia"),
    "movement-fee": LocalizedText("Biaya penyedia", context="ledger.report_pages"),
    "repayment": LocalizedText("Pelunasan kasbon di loket"),
    "wallet-counter": LocalizedText("Isi dompet di loket"),
    "payroll": LocalizedText("Balasan potong gaji"),
    "payroll-difference": LocalizedText("Selisih potong gaji"),
    "payroll-stray": LocalizedText("Selisih potong gaji"),
    "arrival": LocalizedText("Uang masuk rekening"),
    "manual": LocalizedText("Catatan tangan"),
    "reversal": LocalizedText("Pembalikan"),
}


def resolve_year(requested: int | None, brand: Any) -> int:
    """Return the requested year if it is valid, else the current year."""
    this_year = clock.today(brand.timezone).year
    return (
        requested
        if requested is not None and EARLIEST_POSTING_DATE.year <= requested <= this_year + 1
        else this_year
    )


def get_source_label(source_key: str) -> LocalizedText | None:
    """Return the label of the part of Lumbung that posted a journal, or None."""
    return SOURCE_LABELS.get(source_key.partition(":")[0].partition("+")[0])


def build_control_checks(
    totals: list[year_queries.TrialBalanceLine], sums: ControlTotals
) -> list[dict[str, Any]]:
    """Return the pairs of sums that must agree: a label, both amounts, and whether they agree."""
    debit, credit = sum(each.debit for each in totals), sum(each.credit for each in totals)
    financing = sums.liabilities + sums.equity + sums.result
    pairs = [
        (
            LocalizedText("Jumlah debit = jumlah kredit tahun ini"),
            debit,
            credit,
        ),
        (
            LocalizedText(
                "Persediaan di buku (1130) = nilai barang di rak",
            ),
            sums.stock_account,
            sums.stock_value,
        ),
        (
            LocalizedText("Aset = kewajiban + ekuitas + hasil usaha"),
            sums.assets,
            financing,
        ),
    ]
    return [
        {"what": what, "left": left, "right": right, "agrees": left == right} for what, left, right in pairs
    ]


async def list_year_options(ro: Reader, year: int) -> list[int]:
    """Return the years to choose from, including ``year``, newest first."""
    return sorted({*await year_queries.list_years(ro), year}, reverse=True)


@get(LEDGER_URL, guards=[may("ledger.view")], opt=WHEN_SUSPENDED)
async def show_trial_balance(
    request: AnyRequest, ro: Ro, brand: CurrentBrand, tahun: FromQuery[int | None] = None
) -> Response[bytes]:
    """Show every account of a year, and whether the control sums agree."""
    year = resolve_year(tahun, brand)
    totals = await year_queries.get_trial_balance(ro, year)
    closed = await year_queries.get_closed_years(ro)
    return render_page(
        request,
        "ledger/trial_balance.html",
        active_menu="buku",
        year=year,
        years=await list_year_options(ro, year),
        groups=[
            (name, [each for each in totals if each.kind == kind])
            for kind, name in ACCOUNT_KIND_LABELS.items()
            if any(each.kind == kind for each in totals)
        ],
        debit=sum(each.debit for each in totals),
        credit=sum(each.credit for each in totals),
        surplus=await year_queries.get_surplus(ro, year),
        cash=sum(each.closing for each in totals if each.code in CASH_EQUIVALENT_ACCOUNTS),
        checks=build_control_checks(totals, await report_queries.get_control_totals(ro)),
        is_closed=year in closed,
        can_close=year < clock.today(brand.timezone).year and year not in closed and bool(totals),
    )


@get(f"{LEDGER_URL}/akun/{{code:str}}", guards=[may("ledger.view")], opt=WHEN_SUSPENDED)
async def show_account(
    request: AnyRequest,
    ro: Ro,
    brand: CurrentBrand,
    code: FromPath[str],
    tahun: FromQuery[int | None] = None,
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """Show the lines of an account in a year, page by page."""
    account = await report_queries.find_account(ro, code)
    if account is None:
        raise errors.NO_SUCH_ACCOUNT(account=code[:20])
    year, number = resolve_year(tahun, brand), min(max(halaman, 1), MAX_PAGE)
    sums = await report_queries.get_line_totals(ro, code, year)
    lines = await report_queries.list_account_lines(
        ro, code, year, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
    )
    opening = await report_queries.get_opening_balance(ro, code, year)
    sign = 1 if account.normal_side == "debit" else -1
    return render_page(
        request,
        "ledger/account.html",
        block="list",
        active_menu="buku",
        account=account,
        year=year,
        years=await list_year_options(ro, year),
        sums=sums,
        opening=sign * opening,
        closing=sign * (opening + sums.debit - sums.credit),
        lines=lines,
        parties=await report_queries.get_parties(ro, list({line.party for line in lines if line.party})),
        number=number,
        pages=-(-sums.count // PAGE_SIZE),
    )


@get(f"{LEDGER_URL}/jurnal", guards=[may("ledger.view")], opt=WHEN_SUSPENDED)
async def show_journals(
    request: AnyRequest,
    ro: Ro,
    brand: CurrentBrand,
    tahun: FromQuery[int | None] = None,
    halaman: FromQuery[int] = 1,
) -> Response[bytes]:
    """Show the journals of a year, page by page."""
    year, number = resolve_year(tahun, brand), min(max(halaman, 1), MAX_PAGE)
    total = await report_queries.count_journals(ro, year)
    return render_page(
        request,
        "ledger/journals.html",
        block="list",
        active_menu="buku",
        year=year,
        years=await list_year_options(ro, year),
        total=total,
        journals=await report_queries.list_journal_summaries(
            ro, year, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
        ),
        number=number,
        pages=-(-total // PAGE_SIZE),
    )


@get(f"{LEDGER_URL}/jurnal/{{number:int}}", guards=[may("ledger.view")], opt=WHEN_SUSPENDED)
async def show_journal(
    request: AnyRequest, ro: Ro, ctx: CurrentContext, number: FromPath[int]
) -> Response[bytes]:
    """Show one journal with its lines and the balance after each."""
    return render_page(
        request,
        "ledger/journal.html",
        active_menu="buku",
        form=None,
        **await build_journal_context(ro, ctx, number),
    )


async def build_journal_context(ro: Reader, ctx: RequestContext, number: int) -> dict[str, Any]:
    """Return the template values of a journal's page. Raises DomainError ledger.no_such_journal."""
    journal = await queries.find_journal(ro, number) if 0 < number < 2**62 else None
    if journal is None:
        raise errors.NO_SUCH_JOURNAL(number=number)
    lines = await queries.list_journal_lines(ro, number)
    parties = await report_queries.get_parties(ro, list({line.party for line in lines if line.party}))
    source = get_source_label(journal.source_key)
    shown = [
        {
            "account": line.account,
            "name": StoredText(line.name_id, line.name_en).localize(ctx.lang),
            "party": format_party(parties.get(line.party)) if line.party else None,
            "debit": line.debit,
            "credit": line.credit,
            "balance": line.balance,
            "href": f"{LEDGER_URL}/akun/{line.account}?tahun={journal.value_date.year}",
        }
        for line in lines
    ]
    return {
        "journal": journal,
        "shown": {
            "number": journal.number,
            "date": journal.value_date,
            "description": journal.description.localize(ctx.lang),
            "source": source.localize(ctx.lang) if source else None,
            "lines": shown,
        },
        "can_reverse": journal.source_key.startswith(REVERSIBLE_KEY_PREFIXES) and journal.reversed_by is None,
        "today": clock.today(ctx.brand.timezone),
    }


def format_party(party: report_queries.Party | None) -> str:
    """Return a member's name and number, or a dash for None."""
    return f"{party.name} ({party.number})" if party else "–"


@get(
    f"{LEDGER_URL}/ekspor.zip",
    guards=[may("ledger.view")],
    opt=WHEN_SUSPENDED | {"timeouts": EXPORT},
)
async def download_export(request: AnyRequest, ro: Ro, tenant: CurrentTenant, brand: CurrentBrand) -> Stream:
    """Send the whole ledger as CSV files in a ZIP, also while the cooperative is suspended.

    The export is cancelled when the client disconnects.
    """
    day: date = clock.today(brand.timezone)
    return Stream(
        export_ledger.stream_file(await cancel_on_disconnect(request, export_ledger.export_ledger(ro))),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="buku-{tenant.slug}-{day}.zip"',
            "Cache-Control": "no-store",
        },
    )


routes: Final[list[Any]] = [show_trial_balance, show_account, show_journals, show_journal, download_export]
