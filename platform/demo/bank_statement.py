"""A bank's statement to try the comparing of statements with: what is waited for, and what nobody can tell at
once.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from demo.cooperatives import DemoCooperative
from demo.queries import WaitingTransfer
from kernel.settings import Settings


def get_bank_statement_path(settings: Settings, demo: DemoCooperative) -> Path:
    """Return where the statement of a cooperative lies, once it is written."""
    return settings.data_dir / "contoh" / f"mutasi-{demo.slug}.csv"


def write_bank_statement(
    settings: Settings, demo: DemoCooperative, transfers: Sequence[WaitingTransfer], today: date
) -> None:
    """Write what the invented bank saw of the transfers that are waited for, as ``format_bank_statement``
    tells.
    """
    file = get_bank_statement_path(settings, demo)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(format_bank_statement(transfers, today), "utf-8")


def format_bank_statement(transfers: Sequence[WaitingTransfer], today: date) -> str:
    """Return the file, laid out as KlikBCA does it.

    Sure are the transfers that name their payment. The last one's payer left out both the reference and the
    tail, so it is doubtful; a deposit is nobody's, and a fee went out.
    """
    *sure, last = transfers
    rows = [
        (f"TRSF E-BANKING CR {each.reference} {each.payer_name.upper()}", each.amount, "CR") for each in sure
    ]
    rows += [
        (f"TRSF E-BANKING CR {last.payer_name.upper()}", last.amount - last.unique_suffix, "CR"),
        ("SETORAN TUNAI", 777_000, "CR"),
        ("BIAYA ADM", 12_500, "DB"),
    ]
    out, balance = io.StringIO(), 4_000_000
    sheet = csv.writer(out, lineterminator="\r\n")
    sheet.writerow(("Tanggal Transaksi", "Keterangan", "Cabang", "Jumlah", "", "Saldo"))
    for words, amount, side in rows:
        balance += amount if side == "CR" else -amount
        day, plain = f"'{today:%d/%m/%Y}", " ".join(words.split())
        sheet.writerow((day, plain, "'0000", f"{amount:,}.00", side, f"{balance:,}.00"))
    return out.getvalue()
