"""What is read of a form is what the standard library reads, within the bounds."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import DomainError
from ui.bodies import Body, BodyCounts
from ui.sent_fields import DECODED_AT_ONCE, MOST_FIELDS, SentFields

BODIES = st.text(st.sampled_from("ab=&+%41Ccsrf é\n"), max_size=60).map(str.encode)


async def _nothing() -> None:
    """No more of the body is received."""


def sent(body: bytes, counts: BodyCounts | None = None) -> SentFields:
    return SentFields(Body(counts or BodyCounts(), "192.0.2.7", _nothing), body)


@given(body=BODIES)
async def test_names_and_values_are_those_of_the_standard_library(body: bytes) -> None:
    expected: dict[str, str] = {}
    for name, value in parse_qsl(body.decode("latin-1"), keep_blank_values=True):
        expected.setdefault(name, value)
    fields = sent(body)
    assert list(fields.names()) == list(expected)
    assert {name: await fields.get(name) for name in fields.names()} == expected


@given(
    before=BODIES, after=BODIES, token=st.text(st.sampled_from("0123456789abcdef"), min_size=1, max_size=64)
)
async def test_the_token_is_found_wherever_it_stands(before: bytes, after: bytes, token: str) -> None:
    body = b"&".join([before, b"csrf=" + token.encode(), after])
    if b"csrf=" in before:
        return
    assert await sent(body).csrf() == token
    assert await sent(body.replace(b"csrf=", b"kunci=")).csrf() == (
        "" if b"csrf=" not in after else await sent(after).csrf()
    )


async def test_a_long_value_is_the_same_though_it_is_decoded_apart() -> None:
    assert await sent(b"content=" + b"%41+" * DECODED_AT_ONCE).get("content") == "A " * DECODED_AT_ONCE


def test_a_form_that_declares_more_than_200_fields_may_send_as_many() -> None:
    body = b"&".join(b"f%d=1" % at for at in range(300))
    counts = BodyCounts(most_refused=1)
    with pytest.raises(DomainError) as refused:
        sent(body, counts).names()
    assert refused.value.code == "ui.too_many_fields"
    assert counts.is_overrun("192.0.2.7")
    assert len(sent(body).names(300)) == 300
    assert len(sent(b"&".join(body.split(b"&")[:MOST_FIELDS])).names()) == MOST_FIELDS
