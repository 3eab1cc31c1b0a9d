import re
from typing import Any

import pytest
import qriskit
from hypothesis import given
from hypothesis import strategies as st

from factories.stickers import NATIONAL, PARTS, part, sealed, sticker
from kernel.errors import DomainError, ErrorType
from kernel.money import Rupiah
from payments.providers import qris, qris_errors

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
    """Payloads with parts that we know, parts that we do not, in another order than that of their tags now
    and then.
    """
    parts = dict(PARTS) | {"59": draw(visible(25)), "60": draw(visible(15))}
    nmid = "ID" + draw(st.text(st.sampled_from("0123456789"), min_size=1, max_size=13))
    parts["51"] = (
        part("00", "ID.CO.QRIS.WWW")
        + part("02", nmid)
        + part("03", draw(st.sampled_from(["UMI", "UKE", "URE"])))
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
        parts["62"] = "".join(part(tag, value) for tag, value in sorted(extra.items()))
    if draw(st.booleans()):
        parts["64"] = part("00", "EN") + part("01", "MELATI COOPERATIVE")
    tags = [tag for tag in sorted(parts) if tag != "00"]
    if draw(st.integers(0, 3)) == 0:
        tags = draw(st.permutations(tags))
    return sealed("".join(part(tag, parts[tag]) for tag in ["00", *tags]))


def refused(payload: str) -> ErrorType:
    with pytest.raises(DomainError) as refusal:
        qris.read(payload)
    for lang in ("id", "en"):
        assert "{" not in refusal.value.message(lang)  # type: ignore[arg-type]
    return refusal.value.error_type


def values(payload: str) -> dict[str, str]:
    return {part.tag: part.value for part in qris.read(payload).parts}


def test_the_check_code_is_that_of_the_standard() -> None:
    assert qris.crc16("123456789") == "29B1"
    assert qris.crc16("") == "FFFF"
    assert qris.crc16(EMVCO_SAMPLE[:-4]) == EMVCO_SAMPLE[-4:]


def test_a_foreign_code_is_read_as_far_as_to_see_that_it_is_not_in_rupiah() -> None:
    assert refused(EMVCO_SAMPLE) is qris_errors.QRIS_NOT_RUPIAH


def test_a_sticker_tells_whose_it_is() -> None:
    read = qris.read(sticker(t62=part("07", "A01")))
    assert (read.kind, read.merchant, read.city, read.postcode) == (
        "static",
        "KOPERASI MELATI",
        "BANTUL",
        "55711",
    )
    assert (read.nmid, read.criteria, read.category, read.amount) == ("ID1020304050607", "UMI", "5411", None)
    assert [account.domain for account in read.accounts] == ["ID.CO.PADI.WWW", "ID.CO.QRIS.WWW"]
    assert read.accounts[0].value("01") == "936009110012345678"
    assert [(each.tag, each.value) for each in read.extra] == [("07", "A01")]
    assert not read.asks_more


@pytest.mark.parametrize("around", [" {}", "{}\n", "\ufeff{}\r\n", "\u200b{}\u00a0", "\t{} "])
def test_blanks_around_a_pasted_text_do_not_count(around: str) -> None:
    assert qris.read(around.format(sticker())).payload == sticker()


def test_lengths_are_numbers_of_characters_and_not_of_bytes() -> None:
    payload = sticker(t59="WARUNG BU SÉRI 北")
    assert "5916WARUNG BU SÉRI 北" in payload
    assert qris.read(payload).merchant == "WARUNG BU SÉRI 北"
    assert qris.read(qris.dynamic(payload, Rupiah(5))).merchant == "WARUNG BU SÉRI 北"
    in_bytes = payload[:-8].replace("5916WARUNG", "5919WARUNG")
    assert refused(sealed(in_bytes)) is qris_errors.QRIS_NOT_READABLE


@given(stickers())
def test_every_part_comes_back_also_those_that_we_do_not_know(payload: str) -> None:
    assert qris.read(payload).payload == payload


@given(payload=stickers(), amount=AMOUNTS, reference=st.none() | REFERENCES)
def test_a_dynamic_one_is_what_a_second_opinion_makes(
    payload: str, amount: Rupiah, reference: str | None
) -> None:
    made = qris.dynamic(payload, amount, reference)
    assert made == qriskit.parse(payload).to_dynamic(int(amount), reference=reference).dumps()
    assert qriskit.is_valid(made)


@given(payload=stickers(), amount=AMOUNTS, reference=st.none() | REFERENCES)
def test_only_what_belongs_to_the_payment_differs_and_the_buyer_never_pays_more(
    payload: str, amount: Rupiah, reference: str | None
) -> None:
    before, after = values(payload), values(qris.dynamic(payload, amount, reference))
    assert not {"55", "56", "57"} & after.keys()
    assert (after["01"], after["54"]) == ("12", str(amount))
    ours = {"01", "54", "55", "56", "57"} | ({"62"} if reference else set())
    assert {tag: value for tag, value in before.items() if tag not in ours} == {
        tag: value for tag, value in after.items() if tag not in ours
    }
    extra_before = {each.tag: each.value for each in qris.read(payload).extra}
    extra_after = {each.tag: each.value for each in qris.read(qris.dynamic(payload, amount, reference)).extra}
    assert extra_after == extra_before | ({"05": reference} if reference else {})


@given(payload=stickers(), first=AMOUNTS, second=AMOUNTS)
def test_a_second_amount_replaces_the_first(payload: str, first: Rupiah, second: Rupiah) -> None:
    assert qris.dynamic(qris.dynamic(payload, first, "A1"), second, "B2") == qris.dynamic(
        payload, second, "B2"
    )


@given(payload=stickers(), data=st.data())
def test_a_changed_letter_is_refused_here_and_by_the_second_opinion(
    payload: str, data: st.DataObject
) -> None:
    # one byte for another: the check code finds every such change, not only nearly every one
    position = data.draw(st.sampled_from([at for at, letter in enumerate(payload) if letter.isascii()]))
    same = payload[position] if position < len(payload) - 4 else payload[position] + payload[position].lower()
    letter = data.draw(PLAIN.filter(lambda other: other not in same))
    changed = payload[:position] + letter + payload[position + 1 :]
    with pytest.raises(DomainError):
        qris.read(changed)
    with pytest.raises(DomainError):
        qris.dynamic(changed, Rupiah(1_000))
    assert not qriskit.is_valid(changed)


@given(payload=stickers(), data=st.data())
def test_a_text_cut_off_anywhere_is_refused(payload: str, data: st.DataObject) -> None:
    with pytest.raises(DomainError):
        qris.read(payload[: data.draw(st.integers(0, len(payload) - 1))])


@given(
    st.text(max_size=600)
    | st.text(st.sampled_from("000201536463ID"), max_size=600).map(lambda text: "000201" + text)
)
def test_whatever_is_pasted_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        said = qris.read(text).merchant
    except DomainError as refusal:
        said = refusal.message("id")
    assert said


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=120))
def test_a_right_check_code_alone_makes_no_qris(body: str) -> None:
    payload = sealed("000201" + body)
    try:
        read = qris.read(payload)
    except DomainError:
        return
    assert read.nmid.startswith("ID")


def test_the_example_of_an_invoice() -> None:
    made = qris.dynamic(sticker(), Rupiah(25_000), "KOP-A-INV-1")
    body = (
        "000201010212" + part("26", PARTS["26"]) + part("51", NATIONAL) + "520454115303360540525000"
        "5802ID5915KOPERASI MELATI6006BANTUL610555711" + "62150511KOP-A-INV-1"
    )
    assert made == sealed(body)
    read = qris.read(made)
    assert (read.kind, read.amount, read.reference) == ("dynamic", Rupiah(25_000), "KOP-A-INV-1")


def test_a_reference_joins_what_stands_in_part_62_already() -> None:
    made = qris.dynamic(sticker(t62=part("01", "B7") + part("07", "A01")), Rupiah(1), "X")
    assert values(made)["62"] == "0102B7" + "0501X" + "0703A01"
    assert values(qris.dynamic(sticker(t62=part("05", "***")), Rupiah(1), "X"))["62"] == "0501X"


def test_a_tip_and_a_fee_of_the_sticker_are_told_and_left_out() -> None:
    payload = sticker(t55="02", t56="2500")
    assert qris.read(payload).asks_more
    made = qris.dynamic(payload, Rupiah(10_000))
    assert not qris.read(made).asks_more
    assert "2500" not in made


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ("", qris_errors.QRIS_EMPTY),
        (" \n\ufeff", qris_errors.QRIS_EMPTY),
        ("https://example.test/bayar", qris_errors.QRIS_NOT_EMV),
        ("hQVDUFYwMWEY", qris_errors.QRIS_NOT_EMV),
        (sticker()[2:], qris_errors.QRIS_NOT_EMV),
        (sticker()[:-1], qris_errors.QRIS_CUT_OFF),
        (sticker() + "0", qris_errors.QRIS_CUT_OFF),
        (sticker()[:-4] + "0000", qris_errors.QRIS_CRC_MISMATCH),
        (sticker()[:-4] + "GGGG", qris_errors.QRIS_CRC_MISMATCH),
        (sticker().replace("MELATI", "MAWAR!"), qris_errors.QRIS_CRC_MISMATCH),
        (sticker().replace("5204", "5205"), qris_errors.QRIS_CRC_MISMATCH),
        ("000201" + "A" * 507, qris_errors.QRIS_TOO_LONG),
        (sticker().replace("MELATI", "MEL\nTI"), qris_errors.QRIS_NOT_READABLE),
        (sticker().replace("MELATI", "MEL\ud800TI"), qris_errors.QRIS_NOT_READABLE),
        (sealed("0002010102115x"), qris_errors.QRIS_NOT_READABLE),
        (sealed("00020101021159²5AB"), qris_errors.QRIS_NOT_READABLE),
        (sealed(sticker()[:-8] + "9199"), qris_errors.QRIS_NOT_READABLE),
        # the check code is the inside of another part
        (sealed(sticker()[:-8] + "9108"), qris_errors.QRIS_CUT_OFF),
        (sealed(sticker()), qris_errors.QRIS_PART_TWICE),
        (sealed(sticker()[:-8] + "540510000" + "54011"), qris_errors.QRIS_PART_TWICE),
        (sticker(t53="840"), qris_errors.QRIS_NOT_RUPIAH),
        (sticker(t53=None), qris_errors.QRIS_NOT_RUPIAH),
        (sticker(t58="SG"), qris_errors.QRIS_NOT_INDONESIAN),
        (sticker(t58=None), qris_errors.QRIS_NOT_INDONESIAN),
        (sticker(t51=None), qris_errors.QRIS_NO_NMID),
        (sticker(t51=part("00", "ID.CO.QRIS.WWW")), qris_errors.QRIS_NO_NMID),
        (sticker(t51=NATIONAL.replace("ID.CO.QRIS.WWW", "ID.CO.PADI.WWW")), qris_errors.QRIS_NO_NMID),
        (sticker(t51=NATIONAL.replace("ID1020304050607", "931020304050607")), qris_errors.QRIS_NO_NMID),
        (sticker(t51="ID.CO.QRIS.WWW"), qris_errors.QRIS_NOT_READABLE),
        (sticker(t26="00"), qris_errors.QRIS_NOT_READABLE),
        (sticker(t62="07"), qris_errors.QRIS_NOT_READABLE),
        (sticker(t62="0701A0701B"), qris_errors.QRIS_PART_TWICE),
        (sticker(t01=None), qris_errors.QRIS_PART_WRONG),
        (sticker(t01="13"), qris_errors.QRIS_PART_WRONG),
        (sticker(t52="54"), qris_errors.QRIS_PART_WRONG),
        (sticker(t59=None), qris_errors.QRIS_PART_WRONG),
        (sticker(t59="   "), qris_errors.QRIS_PART_WRONG),
        (sticker(t59="M" * 26), qris_errors.QRIS_PART_WRONG),
        (sticker(t60="B" * 16), qris_errors.QRIS_PART_WRONG),
        (sticker(t61="5" * 11), qris_errors.QRIS_PART_WRONG),
        (sticker(t54="0"), qris_errors.QRIS_PART_WRONG),
        (sticker(t54="-5"), qris_errors.QRIS_PART_WRONG),
        (sticker(t54="10.50"), qris_errors.QRIS_PART_WRONG),
        (sticker(t54="1e3"), qris_errors.QRIS_PART_WRONG),
        (sticker(t54="10000000000000"), qris_errors.QRIS_PART_WRONG),
    ],
)
def test_what_is_no_qris_is_refused_with_what_to_do(payload: str, kind: ErrorType) -> None:
    assert refused(payload) is kind
    with pytest.raises(DomainError):
        qris.dynamic(payload, Rupiah(1_000))


def test_the_place_that_is_told_is_where_reading_stops() -> None:
    payload = sticker(t26="00")
    with pytest.raises(DomainError) as refusal:
        qris.read(payload)
    assert refusal.value.params["position"] == payload.index("260200") + 5


@pytest.mark.parametrize(
    ("written", "amount"), [("25000", 25_000), ("25000.00", 25_000), ("1", 1), ("0025", 25)]
)
def test_an_amount_with_noughts_behind_the_point_is_whole_rupiah(written: str, amount: int) -> None:
    assert qris.read(sticker(t01="12", t54=written)).amount == Rupiah(amount)


def test_a_check_code_in_small_letters_is_the_same() -> None:
    assert any(letter.isalpha() for letter in sticker()[-4:])
    assert qris.read(sticker()[:-4] + sticker()[-4:].lower()).merchant == "KOPERASI MELATI"


@pytest.mark.parametrize("amount", [0, -1, 10_000_001])
def test_an_amount_out_of_range_is_refused(amount: int) -> None:
    with pytest.raises(DomainError) as refusal:
        qris.dynamic(sticker(), Rupiah(amount))
    assert refusal.value.error_type is qris_errors.QRIS_AMOUNT_OUT_OF_RANGE
    assert "Rp10.000.000" in refusal.value.message("id")


@pytest.mark.parametrize("amount", [1, 10_000_000])
def test_the_least_and_the_most_pass(amount: int) -> None:
    assert qris.read(qris.dynamic(sticker(), Rupiah(amount))).amount == amount


@pytest.mark.parametrize("amount", [25_000.0, "25000", True, None])
def test_money_is_a_whole_number(amount: Any) -> None:
    with pytest.raises(TypeError):
        qris.dynamic(sticker(), amount)


@pytest.mark.parametrize("reference", ["", " A", "A ", "A" * 26, "***", "nota\n1", "nota №1", "6304\u200b"])
def test_a_reference_that_an_app_could_not_show_is_refused(reference: str) -> None:
    with pytest.raises(DomainError) as refusal:
        qris.dynamic(sticker(), Rupiah(1), reference)
    assert refusal.value.error_type is qris_errors.QRIS_REFERENCE_MALFORMED


def test_a_full_sticker_takes_the_amount_but_no_reference() -> None:
    full = sticker(t62=part("01", "B" * 25) + part("03", "T" * 25) + part("07", "A" * 25))
    assert qris.dynamic(full, Rupiah(1))
    assert qris.dynamic(full, Rupiah(1), "A" * 8)
    with pytest.raises(DomainError) as refusal:
        qris.dynamic(full, Rupiah(1), "A" * 9)
    assert refusal.value.error_type is qris_errors.QRIS_NO_ROOM
    long = sticker(t80="x" * 99, t81="x" * 99, t82="x" * 50, t83="x" * (512 - len(sticker()) - 264))
    assert len(long) == 512
    with pytest.raises(DomainError) as refusal:
        qris.dynamic(long, Rupiah(1))
    assert refusal.value.error_type is qris_errors.QRIS_NO_ROOM


def test_only_the_stickers_own_payload_is_kept() -> None:
    qris.require_static(qris.read(sticker()))
    for other in (sticker(t01="12"), sticker(t54="5000"), qris.dynamic(sticker(), Rupiah(5_000))):
        with pytest.raises(DomainError) as refusal:
            qris.require_static(qris.read(other))
        assert refusal.value.error_type is qris_errors.QRIS_NOT_STATIC


def test_sentences_speak_of_no_tag_alone() -> None:
    assert not re.search(
        r"TLV|CRC|EMV",
        " ".join(kind.id for kind in vars(qris_errors).values() if isinstance(kind, ErrorType)),
    )
