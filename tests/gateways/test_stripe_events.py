"""Stripe webhooks, signed as docs.stripe.com/webhooks#verify-manually says and not by the code under test."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from gateways.protocol import LIVE_BASE_URLS, ProviderAccount, WebhookEvent, WebhookVerificationError
from gateways.stripe_provider import StripeProvider
from kernel import clock

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
SECRET = "whsec_rahasia_koperasi_melati"
ACCOUNT = "acct_1MelatiTerhubung"
REFERENCE = "MLT7Q2K9"


def provider_account(*, live: bool = True, secret: str = SECRET, **settings: str) -> ProviderAccount:
    return ProviderAccount(
        settings=settings,
        secrets={"webhook_secret": secret, "secret_key": "sk_live_melati"},
        client=httpx.AsyncClient(),
        base_url=LIVE_BASE_URLS["stripe"],
        live=live,
    )


def message(
    kind: str = "checkout.session.completed", about: dict[str, Any] | None = None, **more: Any
) -> bytes:
    session = {
        "object": "checkout.session",
        "id": "cs_live_1",
        "client_reference_id": REFERENCE,
        "amount_total": 2_500_000,
    }
    event = {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "livemode": True,
        "data": {"object": about or session},
    }
    return json.dumps(event | more).encode()


def signature(body: bytes, *, secret: str = SECRET, at: datetime = NOW) -> str:
    moment = str(int(at.timestamp()))
    code = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={code}"


def verify(body: bytes, header: str | None = None, by: ProviderAccount | None = None) -> WebhookEvent:
    headers = {"stripe-signature": signature(body) if header is None else header}
    with clock.freeze_at(NOW):
        return StripeProvider().verify(by or provider_account(), headers, body)


def test_a_signed_message_names_our_reference_and_the_session() -> None:
    event = verify(message())
    assert event == WebhookEvent(
        event_id="evt_1",
        event_type="checkout.session.completed",
        subject="payment",
        reference=REFERENCE,
        provider_reference="cs_live_1",
    )


@pytest.mark.parametrize(
    ("kind", "object_type"),
    [
        ("checkout.session.completed", "payment"),
        ("checkout.session.async_payment_succeeded", "payment"),
        ("checkout.session.async_payment_failed", "payment"),
        ("checkout.session.expired", "payment"),
        ("payout.paid", "payout"),
        ("payout.failed", "payout"),
        ("customer.created", "nothing"),
        ("payment_intent.succeeded", "nothing"),
        ("checkout.session.renamed_by_next_year", "nothing"),
    ],
)
def test_what_a_message_concerns_follows_from_its_type(kind: str, object_type: str) -> None:
    assert verify(message(kind)).subject == object_type


@pytest.mark.parametrize(
    ("kind", "about", "reference"),
    [
        (
            "charge.refunded",
            {"object": "charge", "id": "ch_1", "metadata": {"reference": REFERENCE}},
            REFERENCE,
        ),
        (
            "charge.updated",
            {"object": "charge", "id": "ch_1", "metadata": {"reference": REFERENCE}},
            REFERENCE,
        ),
        ("refund.updated", {"object": "refund", "id": "re_1", "metadata": {}}, None),
        (
            "refund.failed",
            {"object": "refund", "id": "re_1", "metadata": {"reference": REFERENCE}},
            REFERENCE,
        ),
        ("charge.dispute.created", {"object": "dispute", "id": "du_1", "charge": "ch_1"}, None),
        ("charge.dispute.closed", {"object": "dispute", "id": "du_1", "metadata": None}, None),
    ],
)
@pytest.mark.parametrize("intent", ["pi_1", {"id": "pi_1", "object": "payment_intent"}])
def test_a_refund_or_dispute_is_found_by_its_payment_intent(
    kind: str, about: dict[str, Any], reference: str | None, intent: object
) -> None:
    event = verify(message(kind, about | {"payment_intent": intent}))
    assert (event.subject, event.reference, event.provider_reference) == ("payment", reference, "pi_1")


def test_what_the_cooperative_sells_elsewhere_by_the_same_account_is_not_ours() -> None:
    other = {"object": "checkout.session", "id": "cs_live_2", "client_reference_id": None, "metadata": {}}
    assert verify(message(about=other)).subject == "nothing"
    assert verify(message("charge.refunded", {"object": "charge", "id": "ch_2"})).subject == "nothing"


def test_a_payout_names_itself() -> None:
    event = verify(message("payout.paid", {"object": "payout", "id": "po_1", "metadata": {}}))
    assert (event.subject, event.reference, event.provider_reference) == ("payout", None, "po_1")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "v1=abc",
        f"t={int(NOW.timestamp())}",
        f"t={int(NOW.timestamp())},v1=",
        f"t={int(NOW.timestamp())},v1={'0' * 64}",
        f"t={int(NOW.timestamp())},v1=éé",
        f"t={'9' * 5000},v1={'0' * 64}",
        "t=x,v1=y",
    ],
)
def test_a_header_that_is_no_signature_is_refused(header: str) -> None:
    with pytest.raises(WebhookVerificationError):
        verify(message(), header)


def test_a_message_without_any_signature_is_refused() -> None:
    with clock.freeze_at(NOW), pytest.raises(WebhookVerificationError):
        StripeProvider().verify(provider_account(), {}, message())


def test_another_secret_signs_nothing_for_us() -> None:
    body = message()
    with pytest.raises(WebhookVerificationError):
        verify(body, signature(body, secret="whsec_koperasi_lain"))


@pytest.mark.parametrize("unset", ["", "   "])
def test_a_secret_that_is_not_set_verifies_nothing(unset: str) -> None:
    body = message()
    with pytest.raises(WebhookVerificationError):
        verify(body, signature(body, secret=unset), provider_account(secret=unset))


def test_one_changed_byte_is_noticed() -> None:
    body = message()
    header = signature(body)
    with pytest.raises(WebhookVerificationError):
        verify(body.replace(b"2500000", b"2500001"), header)
    with pytest.raises(WebhookVerificationError):
        verify(body + b" ", header)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_and_never_an_error_of_ours(body: bytes) -> None:
    with pytest.raises(WebhookVerificationError):
        verify(body, f"t={int(NOW.timestamp())},v1={'0' * 64}")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_signed_json_that_is_no_event_is_refused(content: object) -> None:
    with pytest.raises(WebhookVerificationError):
        verify(json.dumps(content).encode())


@pytest.mark.parametrize(
    ("age", "counts"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)]
)
def test_a_signature_counts_for_five_minutes_before_and_after(age: int, counts: bool) -> None:
    body = message()
    header = signature(body, at=NOW - timedelta(seconds=age))
    if counts:
        assert verify(body, header).event_id == "evt_1"
    else:
        with pytest.raises(WebhookVerificationError, match="five minutes"):
            verify(body, header)


def test_of_two_signatures_while_the_secret_is_changed_one_is_enough() -> None:
    body = message()
    moment, old = signature(body, secret="whsec_yang_lama").split(",")
    assert verify(body, f"{moment},{old},{signature(body).split(',')[1]}").event_id == "evt_1"


def test_the_event_of_another_connected_account_is_not_ours() -> None:
    own_account = provider_account(mode="connected", account=ACCOUNT)
    assert verify(message(account=ACCOUNT), by=own_account).reference == REFERENCE
    for another in ({"account": "acct_1Mawar"}, {"account": None}, {}):
        with pytest.raises(WebhookVerificationError, match="another account"):
            verify(message(**another), by=own_account)


def test_own_keys_hear_of_no_connected_account() -> None:
    with pytest.raises(WebhookVerificationError, match="another account"):
        verify(message(account=ACCOUNT))


def test_a_connected_cooperative_without_its_account_believes_nothing() -> None:
    with pytest.raises(WebhookVerificationError, match="connected account"):
        verify(message(), by=provider_account(mode="connected"))


@pytest.mark.parametrize("live", [True, False])
def test_test_money_is_no_real_money_and_the_other_way_round(live: bool) -> None:
    assert verify(message(livemode=live), by=provider_account(live=live)).event_id == "evt_1"
    with pytest.raises(WebhookVerificationError, match="test money"):
        verify(message(livemode=not live), by=provider_account(live=live))


def test_a_refused_message_leaves_nothing_of_itself_in_the_error() -> None:
    with pytest.raises(WebhookVerificationError) as refused:
        verify(message(about={"object": "charge", "receipt_email": "siti@example.org"}), "t=1,v1=0")
    assert refused.value.__context__ is None
    assert "siti" not in str(refused.value)


@given(
    parts=st.lists(
        st.sampled_from(["t=NOW", "t=x", "t=", "v1=OURS", "v1=00", "v1=", "v0=OURS", "", " ", "v1=OURS "]),
        max_size=5,
    ),
    secret=st.sampled_from([SECRET, "whsec_lain", " "]),
)
def test_the_official_package_finds_the_same_signatures_good(parts: list[str], secret: str) -> None:
    body = message()
    moment, computed = signature(body).split(",v1=")
    header = ",".join(parts).replace("t=NOW", moment).replace("OURS", computed)
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None)
    except stripe.SignatureVerificationError:
        with pytest.raises(WebhookVerificationError):
            verify(body, header, provider_account(secret=secret))
    else:
        assert verify(body, header, provider_account(secret=secret)).event_id == "evt_1"
