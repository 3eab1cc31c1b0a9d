"""The page on which an invoice can be paid, and its PDF."""

from __future__ import annotations

from html import escape

from fakes.fake_stripe.cards import new_method
from fakes.fake_stripe.invoices import attempt_payment, decline_message
from fakes.fake_stripe.pages import BANNER, Form, HostedPage, choice, document, page_at, rupiah
from fakes.fake_stripe.session_payment import CARDS
from fakes.fake_stripe.store import Resource
from fakes.fake_stripe.world import World


def _invoice(world: World, name: str) -> tuple[str, Resource] | None:
    for account, shelf in world.stores.items():
        if (invoice := shelf.find("invoice", name)) is not None:
            return account, invoice
    return None


@page_at("/i/{}")
def invoice_page(world: World, names: tuple[str, ...], form: Form | None) -> HostedPage:
    found = _invoice(world, names[0])
    if found is None:
        return document("Tidak ditemukan", "", 404)
    account, invoice = found
    message = ""
    if form is not None and invoice["status"] == "open" and (how := form.get("cara", "")) in CARDS:
        reason = attempt_payment(world, account, invoice, new_method(world, account, "card", CARDS[how]))
        message = f"<p class=message>{escape(decline_message(reason))}</p>" if reason else ""
    lines = "".join(
        f"<li>{escape(one['description'])}: {rupiah(one['amount'], one['currency'])}</li>"
        for one in invoice["_lines"]
    )
    body = (
        f"{message}<ul>{lines}</ul><p>Jumlah: {rupiah(invoice['total'], invoice['currency'])}. Status: "
        f"{escape(invoice['status'])}.</p>"
    )
    if invoice["status"] == "open":
        amount = rupiah(invoice["amount_remaining"], invoice["currency"])
        pay, decline = (
            choice("card", f"Bayar {amount}", first=True),
            choice("decline", "Coba kartu yang ditolak"),
        )
        body += f"<form method=post>{pay}{decline}</form>"
    return document(
        f"Tagihan {invoice['number'] or '(konsep)'}", f'{body}<p><a href="/i/{invoice["id"]}/pdf">PDF</a></p>'
    )


@page_at("/i/{}/pdf")
def invoice_pdf(world: World, names: tuple[str, ...], form: Form | None) -> HostedPage:
    found = _invoice(world, names[0])
    if found is None:
        return document("Tidak ditemukan", "", 404)
    _, invoice = found
    lines = [f"{one['description']}: {rupiah(one['amount'], one['currency'])}" for one in invoice["_lines"]]
    total = f"Jumlah: {rupiah(invoice['total'], invoice['currency'])} ({invoice['status']})"
    text = [
        BANNER,
        f"Tagihan {invoice['number']}",
        invoice["customer_name"] or invoice["customer_email"] or "",
        *lines,
        total,
    ]
    return HostedPage(kind="application/pdf", raw=pdf(text))


def pdf(lines: list[str]) -> bytes:
    """Return a PDF with the lines on one A4 page."""
    words = b"BT /F1 12 Tf 50 780 Td 18 TL "
    for line in lines:
        coded = (
            line.encode("cp1252", "replace")
            .replace(b"\\", b"\\\\")
            .replace(b"(", b"\\(")
            .replace(b")", b"\\)")
        )
        words += b"(" + coded + b") Tj T* "
    words += b"ET"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << "
            b"/F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(words), words),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    whole, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(whole)
    return whole + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    ) % (
        len(parts) + 1,
        table,
        len(parts) + 1,
        start,
    )
