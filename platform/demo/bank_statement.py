"""Write a sample bank statement for trying reconciliation: clear, doubtful and unknown transfers."""

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
    """Return the path of a cooperative's sample statement; ``write_bank_statement`` creates the file."""
    return settings.data_dir / "contoh" / f"mutasi-{demo.slug}.csv"


def write_bank_statement(
    settings: Settings, demo: DemoCooperative, transfers: Sequence[WaitingTransfer], today: date
) -> None:
    """Write the sample statement with the awaited transfers, as ``format_bank_statement`` describes."""
    file = get_bank_statement_path(settings, demo)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(format_bank_statement(transfers, today), "utf-8")


def format_bank_statement(transfers: Sequence[WaitingTransfer], today: date) -> str:
    """Return the statement in KlikBCA's layout.

    All transfers but the last name their payment. The last has neither the reference nor the unique suffix,
    so its match is doubtful. A cash deposit matches no payment, and a fee is outgoing.
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
