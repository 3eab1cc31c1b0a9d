import re
from typing import Any

import pytest
import qriskit
from hypothesis import given
from hypothesis import strategies as st

from factories.qris_codes import NATIONAL, PARTS, static_qris, tlv, with_checksum
from gateways import qris, qris_errors
from kernel.errors import DomainError, ErrorType
from kernel.money import Rupiah

# The sample of EMVCo's specification: characters beyond ASCII, whose length is counted in characters and
# whose check code is over bytes.
EMVCO_SAMPLE = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST"
    " TRANSPORT6007BEIJING"
    "64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME91320016A01122334499887707081234567863"
    "04A13A"
)
PLAIN = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
ANY_LETTER = st.characters(exclude_categories=("Cc", "Cs"), max_codepoint=0xFFFF)
REFERENCES = st.text(st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789-"), min_size=1, max_size=25)
AMOUNTS = st.integers(1, 10_000_000).map(Rupiah)


def visible(size: int) -> st.SearchStrategy[str]:
    return st.text(ANY_LETTER, min_size=1, max_size=size).filter(str.strip)


@st.composite
def stickers(draw: st.DrawFn) -> str:
    """Payloads with known and unknown parts, sometimes not in the order of their tags."""
    parts = dict(PARTS) | {"59": draw(visible(25)), "60": draw(visible(15))}
    nmid = "ID" + draw(st.text(st.sampled_from("0123456789"), min_size=1, max_size=13))
    parts["51"] = (
        tlv("00", "ID.CO.QRIS.WWW")
        + tlv("02", nmid)
        + tlv("03", draw(st.sampled_from(["UMI", "UKE", "URE"])))
    )
    unknown = st.sampled_from(["02", "04", "15", "65", "79"])
    parts |= draw(st.dictionaries(unknown, st.text(ANY_LETTER, min_size=1, max_size=30), max_size=3))
    if draw(st.booleans()):
        parts["55"] = draw(st.sampled_from(["01", "02", "03"]))
        if parts["55"] == "02":
            parts["56"] = "1500"
        if parts["55"] == "03":
            parts["57"] = "2.5"
    extra = draw(
        st.dictionaries(st.sampled_from(["01", "05", "07", "50"]), st.text(PLAIN, min_size=1, max_size=12))
    )
    if extra:
        parts["62"] = "".join(tlv(tag, value) for tag, value in sorted(extra.items()))
    if draw(st.booleans()):
        parts["64"] = tlv("00", "EN") + tlv("01", "MELATI COOPERATIVE")
    tags = [tag for tag in sorted(parts) if tag != "00"]
    if draw(st.integers(0, 3)) == 0:
        tags = draw(st.permutations(tags))
    return with_checksum("".join(tlv(tag, parts[tag]) for tag in ["00", *tags]))


def refused(payload: str) -> ErrorType:
    with pytest.raises(DomainError) as error:
        qris.parse_qris(payload)
    for lang in ("id", "en"):
        assert "{" not in error.value.localize(lang)  # type: ignore[arg-type]
    return error.value.error_type


def values(payload: str) -> dict[str, str]:
    return {part.tag: part.value for part in qris.parse_qris(payload).data_objects}


def test_the_check_code_is_that_of_the_standard() -> None:
    assert qris.crc16("123456789") == "29B1"
    assert qris.crc16("") == "FFFF"
    assert qris.crc16(EMVCO_SAMPLE[:-4]) == EMVCO_SAMPLE[-4:]


def test_a_foreign_code_is_read_as_far_as_to_see_that_it_is_not_in_rupiah() -> None:
    assert refused(EMVCO_SAMPLE) is qris_errors.QRIS_NOT_RUPIAH


def test_a_sticker_tells_whose_it_is() -> None:
    read = qris.parse_qris(static_qris(t62=tlv("07", "A01")))
    assert (read.kind, read.merchant_name, read.city, read.postcode) == (
        "static",
        "KOPERASI MELATI",
        "BANTUL",
        "55711",
    )
    assert (read.nmid, read.criteria, read.category, read.amount) == ("ID1020304050607", "UMI", "5411", None)
    assert [account.domain for account in read.accounts] == ["ID.CO.PADI.WWW", "ID.CO.QRIS.WWW"]
    assert read.accounts[0].value("01") == "936009110012345678"
    assert [(each.tag, each.value) for each in read.additional_data] == [("07", "A01")]
    assert not read.has_tip_or_fee


@pytest.mark.parametrize("around", [" {}", "{}\n", "\ufeff{}\r\n", "\u200b{}\u00a0", "\t{} "])
def test_blanks_around_a_pasted_text_do_not_count(around: str) -> None:
    assert qris.parse_qris(around.format(static_qris())).payload == static_qris()


def test_lengths_are_numbers_of_characters_and_not_of_bytes() -> None:
    payload = static_qris(t59="WARUNG BU SÉRI 北")
    assert "5916WARUNG BU SÉRI 北" in payload
    assert qris.parse_qris(payload).merchant_name == "WARUNG BU SÉRI 北"
    assert qris.parse_qris(qris.make_dynamic(payload, Rupiah(5))).merchant_name == "WARUNG BU SÉRI 北"
    in_bytes = payload[:-8].replace("5916WARUNG", "5919WARUNG")
    assert refused(with_checksum(in_bytes)) is qris_errors.QRIS_NOT_READABLE


@given(stickers())
def test_every_part_comes_back_also_those_that_we_do_not_know(payload: str) -> None:
    assert qris.parse_qris(payload).payload == payload


@given(payload=stickers(), amount=AMOUNTS, reference=st.none() | REFERENCES)
def test_a_dynamic_one_is_what_a_second_opinion_makes(
    payload: str, amount: Rupiah, reference: str | None
) -> None:
    made = qris.make_dynamic(payload, amount, reference)
    assert made == qriskit.parse(payload).to_dynamic(int(amount), reference=reference).dumps()
    assert qriskit.is_valid(made)


@given(payload=stickers(), amount=AMOUNTS, reference=st.none() | REFERENCES)
def test_only_what_belongs_to_the_payment_differs_and_the_buyer_never_pays_more(
    payload: str, amount: Rupiah, reference: str | None
) -> None:
    before, after = values(payload), values(qris.make_dynamic(payload, amount, reference))
    assert not {"55", "56", "57"} & after.keys()
    assert (after["01"], after["54"]) == ("12", str(amount))
    changed = {"01", "54", "55", "56", "57"} | ({"62"} if reference else set())
    assert {tag: value for tag, value in before.items() if tag not in changed} == {
        tag: value for tag, value in after.items() if tag not in changed
    }
    extra_before = {each.tag: each.value for each in qris.parse_qris(payload).additional_data}
    extra_after = {
        each.tag: each.value
        for each in qris.parse_qris(qris.make_dynamic(payload, amount, reference)).additional_data
    }
    assert extra_after == extra_before | ({"05": reference} if reference else {})


@given(payload=stickers(), first=AMOUNTS, second=AMOUNTS)
def test_a_second_amount_replaces_the_first(payload: str, first: Rupiah, second: Rupiah) -> None:
    assert qris.make_dynamic(qris.make_dynamic(payload, first, "A1"), second, "B2") == qris.make_dynamic(
        payload, second, "B2"
    )


@given(payload=stickers(), data=st.data())
def test_a_changed_letter_is_refused_here_and_by_the_second_opinion(
    payload: str, data: st.DataObject
) -> None:
    # one byte for another: the checksum detects every such change
    position = data.draw(st.sampled_from([at for at, letter in enumerate(payload) if letter.isascii()]))
    same = payload[position] if position < len(payload) - 4 else payload[position] + payload[position].lower()
    letter = data.draw(PLAIN.filter(lambda other: other not in same))
    changed = payload[:position] + letter + payload[position + 1 :]
    with pytest.raises(DomainError):
        qris.parse_qris(changed)
    with pytest.raises(DomainError):
        qris.make_dynamic(changed, Rupiah(1_000))
    assert not qriskit.is_valid(changed)


@given(payload=stickers(), data=st.data())
def test_a_text_cut_off_anywhere_is_refused(payload: str, data: st.DataObject) -> None:
    with pytest.raises(DomainError):
        qris.parse_qris(payload[: data.draw(st.integers(0, len(payload) - 1))])


@given(
    st.text(max_size=600)
    | st.text(st.sampled_from("000201536463ID"), max_size=600).map(lambda text: "000201" + text)
)
def test_whatever_is_pasted_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        merchant = qris.parse_qris(text).merchant_name
    except DomainError as error:
        merchant = error.localize("id")
    assert merchant


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=120))
def test_a_right_check_code_alone_makes_no_qris(body: str) -> None:
    payload = with_checksum("000201" + body)
    try:
        read = qris.parse_qris(payload)
    except DomainError:
        return
    assert read.nmid.startswith("ID")


def test_the_example_of_an_invoice() -> None:
    made = qris.make_dynamic(static_qris(), Rupiah(25_000), "KOP-A-INV-1")
    body = (
        "000201010212" + tlv("26", PARTS["26"]) + tlv("51", NATIONAL) + "520454115303360540525000"
        "5802ID5915KOPERASI MELATI6006BANTUL610555711" + "62150511KOP-A-INV-1"
    )
    assert made == with_checksum(body)
    read = qris.parse_qris(made)
    assert (read.kind, read.amount, read.reference) == ("dynamic", Rupiah(25_000), "KOP-A-INV-1")


def test_a_reference_joins_what_stands_in_part_62_already() -> None:
    made = qris.make_dynamic(static_qris(t62=tlv("01", "B7") + tlv("07", "A01")), Rupiah(1), "X")
    assert values(made)["62"] == "0102B7" + "0501X" + "0703A01"
    assert values(qris.make_dynamic(static_qris(t62=tlv("05", "***")), Rupiah(1), "X"))["62"] == "0501X"


def test_a_tip_and_a_fee_of_the_sticker_are_told_and_left_out() -> None:
    payload = static_qris(t55="02", t56="2500")
    assert qris.parse_qris(payload).has_tip_or_fee
    made = qris.make_dynamic(payload, Rupiah(10_000))
    assert not qris.parse_qris(made).has_tip_or_fee
    assert "2500" not in made


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ("", qris_errors.QRIS_EMPTY),
        (" \n\ufeff", qris_errors.QRIS_EMPTY),
        ("https://example.test/bayar", qris_errors.QRIS_NOT_EMV),
        ("hQVDUFYwMWEY", qris_errors.QRIS_NOT_EMV),
        (static_qris()[2:], qris_errors.QRIS_NOT_EMV),
        (static_qris()[:-1], qris_errors.QRIS_TRUNCATED),
        (static_qris() + "0", qris_errors.QRIS_TRUNCATED),
        (static_qris()[:-4] + "0000", qris_errors.QRIS_CRC_MISMATCH),
        (static_qris()[:-4] + "GGGG", qris_errors.QRIS_CRC_MISMATCH),
        (static_qris().replace("MELATI", "MAWAR!"), qris_errors.QRIS_CRC_MISMATCH),
        (static_qris().replace("5204", "5205"), qris_errors.QRIS_CRC_MISMATCH),
        ("000201" + "A" * 507, qris_errors.QRIS_TOO_LONG),
        (static_qris().replace("MELATI", "MEL\nTI"), qris_errors.QRIS_NOT_READABLE),
        (static_qris().replace("MELATI", "MEL\ud800TI"), qris_errors.QRIS_NOT_READABLE),
        (with_checksum("0002010102115x"), qris_errors.QRIS_NOT_READABLE),
        (with_checksum("00020101021159²5AB"), qris_errors.QRIS_NOT_READABLE),
        (with_checksum(static_qris()[:-8] + "9199"), qris_errors.QRIS_NOT_READABLE),
        # the checksum is inside another part
        (with_checksum(static_qris()[:-8] + "9108"), qris_errors.QRIS_TRUNCATED),
        (with_checksum(static_qris()), qris_errors.QRIS_DUPLICATE_TAG),
        (with_checksum(static_qris()[:-8] + "540510000" + "54011"), qris_errors.QRIS_DUPLICATE_TAG),
        (static_qris(t53="840"), qris_errors.QRIS_NOT_RUPIAH),
        (static_qris(t53=None), qris_errors.QRIS_NOT_RUPIAH),
        (static_qris(t58="SG"), qris_errors.QRIS_NOT_INDONESIAN),
        (static_qris(t58=None), qris_errors.QRIS_NOT_INDONESIAN),
        (static_qris(t51=None), qris_errors.QRIS_NO_NMID),
        (static_qris(t51=tlv("00", "ID.CO.QRIS.WWW")), qris_errors.QRIS_NO_NMID),
        (static_qris(t51=NATIONAL.replace("ID.CO.QRIS.WWW", "ID.CO.PADI.WWW")), qris_errors.QRIS_NO_NMID),
        (static_qris(t51=NATIONAL.replace("ID1020304050607", "931020304050607")), qris_errors.QRIS_NO_NMID),
        (static_qris(t51="ID.CO.QRIS.WWW"), qris_errors.QRIS_NOT_READABLE),
        (static_qris(t26="00"), qris_errors.QRIS_NOT_READABLE),
        (static_qris(t62="07"), qris_errors.QRIS_NOT_READABLE),
        (static_qris(t62="0701A0701B"), qris_errors.QRIS_DUPLICATE_TAG),
        (static_qris(t01=None), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t01="13"), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t52="54"), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t59=None), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t59="   "), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t59="M" * 26), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t60="B" * 16), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t61="5" * 11), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t54="0"), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t54="-5"), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t54="10.50"), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t54="1e3"), qris_errors.QRIS_INVALID_FIELD),
        (static_qris(t54="10000000000000"), qris_errors.QRIS_INVALID_FIELD),
    ],
)
def test_what_is_no_qris_is_refused_with_what_to_do(payload: str, kind: ErrorType) -> None:
    assert refused(payload) is kind
    with pytest.raises(DomainError):
        qris.make_dynamic(payload, Rupiah(1_000))


def test_the_place_that_is_told_is_where_reading_stops() -> None:
    payload = static_qris(t26="00")
    with pytest.raises(DomainError) as error:
        qris.parse_qris(payload)
    assert error.value.params["position"] == payload.index("260200") + 5


@pytest.mark.parametrize(
    ("written", "amount"), [("25000", 25_000), ("25000.00", 25_000), ("1", 1), ("0025", 25)]
)
def test_an_amount_with_noughts_behind_the_point_is_whole_rupiah(written: str, amount: int) -> None:
    assert qris.parse_qris(static_qris(t01="12", t54=written)).amount == Rupiah(amount)


def test_a_check_code_in_small_letters_is_the_same() -> None:
    assert any(letter.isalpha() for letter in static_qris()[-4:])
    assert qris.parse_qris(static_qris()[:-4] + static_qris()[-4:].lower()).merchant_name == "KOPERASI MELATI"


@pytest.mark.parametrize("amount", [0, -1, 10_000_001])
def test_an_amount_out_of_range_is_refused(amount: int) -> None:
    with pytest.raises(DomainError) as error:
        qris.make_dynamic(static_qris(), Rupiah(amount))
    assert error.value.error_type is qris_errors.QRIS_AMOUNT_OUT_OF_RANGE
    assert "Rp10.000.000" in error.value.localize("id")


@pytest.mark.parametrize("amount", [1, 10_000_000])
def test_the_least_and_the_most_pass(amount: int) -> None:
    assert qris.parse_qris(qris.make_dynamic(static_qris(), Rupiah(amount))).amount == amount


@pytest.mark.parametrize("amount", [25_000.0, "25000", True, None])
def test_money_is_a_whole_number(amount: Any) -> None:
    with pytest.raises(TypeError):
        qris.make_dynamic(static_qris(), amount)


@pytest.mark.parametrize("reference", ["", " A", "A ", "A" * 26, "***", "nota\n1", "nota №1", "6304\u200b"])
def test_a_reference_that_an_app_could_not_show_is_refused(reference: str) -> None:
    with pytest.raises(DomainError) as error:
        qris.make_dynamic(static_qris(), Rupiah(1), reference)
    assert error.value.error_type is qris_errors.QRIS_REFERENCE_MALFORMED


def test_a_full_sticker_takes_the_amount_but_no_reference() -> None:
    full = static_qris(t62=tlv("01", "B" * 25) + tlv("03", "T" * 25) + tlv("07", "A" * 25))
    assert qris.make_dynamic(full, Rupiah(1))
    assert qris.make_dynamic(full, Rupiah(1), "A" * 8)
    with pytest.raises(DomainError) as error:
        qris.make_dynamic(full, Rupiah(1), "A" * 9)
    assert error.value.error_type is qris_errors.QRIS_PAYLOAD_FULL
    long = static_qris(t80="x" * 99, t81="x" * 99, t82="x" * 50, t83="x" * (512 - len(static_qris()) - 264))
    assert len(long) == 512
    with pytest.raises(DomainError) as error:
        qris.make_dynamic(long, Rupiah(1))
    assert error.value.error_type is qris_errors.QRIS_PAYLOAD_FULL


def test_only_the_stickers_own_payload_is_kept() -> None:
    qris.require_static(qris.parse_qris(static_qris()))
    for other in (
        static_qris(t01="12"),
        static_qris(t54="5000"),
        qris.make_dynamic(static_qris(), Rupiah(5_000)),
    ):
        with pytest.raises(DomainError) as error:
            qris.require_static(qris.parse_qris(other))
        assert error.value.error_type is qris_errors.QRIS_NOT_STATIC


def test_sentences_speak_of_no_tag_alone() -> None:
    assert not re.search(
        r"TLV|CRC|EMV",
        " ".join(kind.text for kind in vars(qris_errors).values() if isinstance(kind, ErrorType)),
    )
