import base64
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import DomainError, ErrorType
from payments import errors, vault

OLD = (("satu", b"\x01" * 32),)
NEW = (("dua", b"\x02" * 32), *OLD)
SECRET = "sk_test_rahasia_yang_diciptakan"
LABEL = "stripe/secret_key"
NAMES = st.from_regex(r"coop_[a-z0-9]{1,20}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)


def refused(keys: vault.MasterKeys, schema: str, label: str, sealed: str) -> ErrorType:
    with pytest.raises(DomainError) as error:
        vault.unseal(keys, schema, label, sealed)
    written = (
        "".join(traceback.format_exception(error.value))
        + repr(error.value.params)
        + error.value.localize("id")
    )
    assert SECRET not in written
    assert repr(keys[0][1]) not in written
    return error.value.error_type


@given(clear=TEXTS, schema=NAMES, label=TEXTS)
def test_what_was_sealed_opens_to_the_same(clear: str, schema: str, label: str) -> None:
    sealed = vault.seal(NEW, schema, label, clear)
    assert vault.unseal(NEW, schema, label, sealed) == clear
    assert sealed.startswith("v1:dua:")
    assert sealed.isascii()


def test_the_same_secret_never_looks_the_same_twice_and_is_not_seen() -> None:
    sealed = {vault.seal(NEW, "coop_a", LABEL, SECRET) for _ in range(50)}
    assert len(sealed) == 50
    for each in sealed:
        assert SECRET.encode() not in base64.b64decode(each.rpartition(":")[2])


@given(schema=NAMES, other=NAMES, label=TEXTS, other_label=TEXTS)
def test_another_cooperative_or_another_field_cannot_open_it(
    schema: str, other: str, label: str, other_label: str
) -> None:
    sealed = vault.seal(NEW, schema, label, SECRET)
    if other != schema:
        assert refused(NEW, other, label, sealed) is errors.VAULT_DECRYPTION_FAILED
    if other_label != label:
        assert refused(NEW, schema, other_label, sealed) is errors.VAULT_DECRYPTION_FAILED


def test_names_that_run_into_each_other_are_not_the_same_place() -> None:
    sealed = vault.seal(NEW, "coop_a", "bstripe", SECRET)
    assert refused(NEW, "coop_ab", "stripe", sealed) is errors.VAULT_DECRYPTION_FAILED


@given(data=st.data())
def test_any_changed_letter_is_refused(data: st.DataObject) -> None:
    sealed = vault.seal(NEW, "coop_a", LABEL, SECRET)
    position = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda other: other != sealed[position]))
    kind = refused(NEW, "coop_a", LABEL, sealed[:position] + letter + sealed[position + 1 :])
    assert kind in {errors.VAULT_DECRYPTION_FAILED, errors.VAULT_KEY_UNKNOWN}


@given(data=st.data())
def test_a_changed_bit_is_refused(data: st.DataObject) -> None:
    head, _, encoded = vault.seal(NEW, "coop_a", LABEL, SECRET).rpartition(":")
    content = bytearray(base64.b64decode(encoded))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = f"{head}:{base64.b64encode(content).decode()}"
    assert refused(NEW, "coop_a", LABEL, changed) is errors.VAULT_DECRYPTION_FAILED


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "v1",
        "v1:",
        "v1:dua",
        "v1:dua:",
        "v1::AAAA",
        "v1:dua:AAAA",
        "v1:dua:!!!!",
        "v1:dua:é",
        SECRET,
        "v1:dua:" + "A" * 39,
    ],
)
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    assert refused(NEW, "coop_a", LABEL, sealed) is errors.VAULT_DECRYPTION_FAILED


def test_another_version_is_not_guessed_at() -> None:
    sealed = vault.seal(NEW, "coop_a", LABEL, SECRET)
    assert refused(NEW, "coop_a", LABEL, sealed.replace("v1:", "v2:", 1)) is errors.VAULT_DECRYPTION_FAILED


def test_a_key_that_was_taken_away_is_named() -> None:
    sealed = vault.seal(OLD, "coop_a", LABEL, SECRET)
    with pytest.raises(DomainError) as error:
        vault.unseal((NEW[0],), "coop_a", LABEL, sealed)
    assert error.value.error_type is errors.VAULT_KEY_UNKNOWN
    assert "“satu”" in error.value.localize("id")


def test_another_key_of_the_same_name_does_not_open_it() -> None:
    sealed = vault.seal(OLD, "coop_a", LABEL, SECRET)
    assert refused((("satu", b"\x09" * 32),), "coop_a", LABEL, sealed) is errors.VAULT_DECRYPTION_FAILED


def test_a_sealed_text_does_not_pass_under_another_keys_name() -> None:
    sealed = vault.seal(OLD, "coop_a", LABEL, SECRET)
    twins = (("kembar", OLD[0][1]), *OLD)
    assert (
        refused(twins, "coop_a", LABEL, sealed.replace(":satu:", ":kembar:"))
        is errors.VAULT_DECRYPTION_FAILED
    )


@given(clear=TEXTS)
def test_keys_are_rotated_without_losing_a_secret(clear: str) -> None:
    old = vault.seal(OLD, "coop_a", LABEL, clear)
    assert not vault.needs_rotation(OLD, old)
    assert vault.needs_rotation(NEW, old)
    assert vault.unseal(NEW, "coop_a", LABEL, old) == clear
    new = vault.reseal(NEW, "coop_a", LABEL, old)
    assert not vault.needs_rotation(NEW, new)
    assert vault.unseal((NEW[0],), "coop_a", LABEL, new) == clear


def test_a_secret_is_not_rotated_into_another_place() -> None:
    old = vault.seal(OLD, "coop_a", LABEL, SECRET)
    for schema, label in (("coop_b", LABEL), ("coop_a", "xendit/secret_key")):
        with pytest.raises(DomainError):
            vault.reseal(NEW, schema, label, old)


def test_without_a_key_nothing_is_sealed() -> None:
    for act in (
        lambda: vault.seal((), "coop_a", LABEL, SECRET),
        lambda: vault.needs_rotation((), vault.seal(OLD, "coop_a", LABEL, SECRET)),
    ):
        with pytest.raises(DomainError) as error:
            act()
        assert error.value.error_type is errors.VAULT_KEY_MISSING


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_master_key_of_another_length_is_a_mistake_that_does_not_show_it(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes") as mistake:
        vault.seal((("satu", b"k" * length),), "coop_a", LABEL, SECRET)
    assert "kkkk" not in str(mistake.value)


def test_a_secret_that_is_no_text_is_refused_without_being_told() -> None:
    with pytest.raises(DomainError) as error:
        vault.seal(NEW, "coop_a", LABEL, SECRET + "\ud800")
    assert error.value.error_type is errors.SECRET_NOT_ENCODABLE
    assert error.value.__suppress_context__
    assert SECRET not in "".join(traceback.format_exception(error.value))
