import io
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageDraw

from factories.qris_codes import static_qris, tlv
from gateways import protocol, qris, qris_errors, qris_photo, qris_provider, qris_renderer
from kernel.errors import DomainError
from kernel.money import Rupiah
from payments.rules import CLEARING_ACCOUNTS

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
UNTIL = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def provider_account(payload: str) -> protocol.ProviderAccount:
    return protocol.ProviderAccount(
        settings={"payload": payload}, secrets={}, client=None, base_url="", live=True
    )


def intent(amount: int = 25_000) -> protocol.Intent:
    return protocol.Intent(
        id="0190",
        reference="LB7K2M9Q4R",
        amount=Rupiah(amount),
        description="Pesanan 12",
        buyer_name="Sari",
        buyer_phone="081200000001",
        expires_at=UNTIL,
        return_url="https://melati.example",
    )


def method() -> protocol.Provider:
    return protocol.get_provider("qris")


def test_the_way_is_registered_and_never_pays_back_or_calls_by_itself() -> None:
    can = method().capabilities()
    assert (can.confirmed_by, CLEARING_ACCOUNTS["qris"], can.max_amount) == (
        "officer",
        "1103",
        Rupiah(10_000_000),
    )
    assert can.expires_after is not None
    assert can.expires_after.total_seconds() == 24 * 3600
    assert (can.supports_refunds, can.supports_partial_refunds, can.has_webhooks, can.per_member) == (
        False,
        False,
        False,
        False,
    )
    (setting,) = can.settings
    assert (setting.name, setting.multiline, setting.required, setting.secret) == (
        "payload",
        True,
        True,
        False,
    )


def test_no_setting_of_the_way_could_put_a_fee_on_the_buyer() -> None:
    assert [setting.name for setting in method().capabilities().settings] == ["payload"]


async def test_a_payment_gets_the_stickers_payload_with_its_own_amount_and_reference() -> None:
    started = await method().create(provider_account(f" {static_qris()}\n"), intent())
    assert started.instructions == {
        "qr": qris.make_dynamic(static_qris(), Rupiah(25_000), "LB7K2M9Q4R"),
        "nmid": "ID1020304050607",
        "merchant": "KOPERASI MELATI",
    }
    assert (started.provider_reference, started.expires_at, started.redirect_url) == (
        "LB7K2M9Q4R",
        UNTIL,
        None,
    )


async def test_a_full_sticker_still_takes_the_amount() -> None:
    full = static_qris(t62=tlv("01", "B" * 25) + tlv("03", "T" * 25) + tlv("07", "A" * 25))
    read = qris.parse_qris((await method().create(provider_account(full), intent())).instructions["qr"])
    assert (read.amount, read.reference) == (Rupiah(25_000), "")


@pytest.mark.parametrize("payload", ["", static_qris(t01="12", t54="5000"), static_qris()[:-4] + "0000"])
async def test_a_sticker_that_is_not_right_starts_no_payment(payload: str) -> None:
    with pytest.raises(protocol.ProviderError) as fault:
        await method().create(provider_account(payload), intent())
    assert not fault.value.transient


@pytest.mark.parametrize("amount", [0, 10_000_001])
async def test_an_amount_beyond_the_limit_starts_no_payment(amount: int) -> None:
    with pytest.raises(protocol.ProviderError):
        await method().create(provider_account(static_qris()), intent(amount))


async def test_nothing_but_an_officer_or_the_statement_makes_it_paid() -> None:
    status = await method().status(provider_account(static_qris()), "LB7K2M9Q4R", "LB7K2M9Q4R")
    assert (status.payment_status, status.amount, status.reference) == ("awaiting", Rupiah(0), "LB7K2M9Q4R")
    with pytest.raises(protocol.WebhookVerificationError):
        method().verify(provider_account(static_qris()), {}, b'{"status": "paid"}')
    statement = await method().statement(provider_account(static_qris()), NOW, UNTIL)
    assert (statement.lines, statement.balance) == ((), None)
    await method().cancel(provider_account(static_qris()), "LB7K2M9Q4R", "LB7K2M9Q4R")


async def test_paying_back_is_done_by_hand() -> None:
    paid = protocol.ProviderStatus(
        payment_status="paid", reference="A", provider_reference="A", amount=Rupiah(5_000)
    )
    assert (
        await method().refund(provider_account(static_qris()), paid, Rupiah(5_000), "key", "rusak")
    ).status == "failed"
    assert (
        await method().refund_status(provider_account(static_qris()), paid, "A", "key")
    ).status == "failed"


def test_the_officer_is_shown_whose_sticker_it_is() -> None:
    assert qris_provider.describe_sticker({"payload": f"\n{static_qris()} "}) == {
        "payload": static_qris(),
        "merchant": "KOPERASI MELATI",
        "nmid": "ID1020304050607",
        "city": "BANTUL",
        "postcode": "55711",
        "criteria": "UMI",
        "category": "5411",
        "domains": "ID.CO.PADI.WWW",
    }


def test_a_payload_of_one_payment_is_not_kept_as_the_sticker() -> None:
    with pytest.raises(DomainError) as error:
        qris_provider.describe_sticker({"payload": qris.make_dynamic(static_qris(), Rupiah(5_000))})
    assert error.value.error_type is qris_errors.QRIS_NOT_STATIC
    with pytest.raises(DomainError) as error:
        qris_provider.describe_sticker({})
    assert error.value.error_type is qris_errors.QRIS_EMPTY


def test_the_picture_stands_in_a_page_without_style_or_script_and_has_a_name() -> None:
    payload = qris.make_dynamic(static_qris(t59='TOKO <B> & "SARI"'), Rupiah(25_000))
    drawn = qris_renderer.render_svg(payload)
    root = ET.fromstring(drawn)
    assert drawn.startswith('<svg role="img" ')
    assert "<B>" not in drawn
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == 'QRIS TOKO <B> & "SARI", Rp25.000'
    assert "Rp25,000" in qris_renderer.render_svg(payload, "en")
    for element in root.iter():
        assert element.tag.rpartition("}")[2] in {"svg", "title", "path"}
        assert not {name for name in element.attrib if name in {"style", "href"} or name.startswith("on")}
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib


def test_nothing_is_drawn_that_would_not_pass_when_read() -> None:
    with pytest.raises(DomainError):
        qris_renderer.render_svg(static_qris()[:-4] + "0000")


@pytest.mark.parametrize("name", ["KOPERASI MELATI", "WARUNG SÉRI 北"])
def test_what_is_drawn_is_what_a_phone_reads(name: str) -> None:
    """The SVG's shapes are painted pixel by pixel and read by the photo reader."""
    payload = qris.make_dynamic(static_qris(t59=name), Rupiah(125_000), "LB7K2M9Q4R")
    assert qris_photo.read_photo(_painted(qris_renderer.render_svg(payload))) == payload


def _painted(svg: str) -> bytes:
    root = ET.fromstring(svg)
    side = int(root.attrib["viewBox"].split()[2])
    image = Image.new("L", (side * 6, side * 6), 255)
    pen = ImageDraw.Draw(image)
    (lines,) = [each.attrib["d"] for each in root.iter() if each.attrib.get("stroke") == "#000"]
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", lines):
        values = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "h":
            pen.rectangle((x * 6, (y - 0.5) * 6, (x + values[0]) * 6 - 1, (y + 0.5) * 6 - 1), fill=0)
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
