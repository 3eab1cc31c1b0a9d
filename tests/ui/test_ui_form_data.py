"""Forms are read like the standard library reads them, within the limits."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import DomainError
from ui.form_data import MAX_FIELDS, MAX_INLINE_DECODE_BYTES, FormData
from ui.request_body import BodyLimiter, RequestBody

BODIES = st.text(st.sampled_from("ab=&+%41Ccsrf é\n"), max_size=60).map(str.encode)


async def _no_receive() -> None:
    """Fail: no more of the body may be received."""


def make_form_data(body: bytes, counts: BodyLimiter | None = None) -> FormData:
    return FormData(RequestBody(counts or BodyLimiter(), "192.0.2.7", _no_receive), body)


@given(body=BODIES)
async def test_names_and_values_are_those_of_the_standard_library(body: bytes) -> None:
    expected: dict[str, str] = {}
    for name, value in parse_qsl(body.decode("latin-1"), keep_blank_values=True):
        expected.setdefault(name, value)
    fields = make_form_data(body)
    assert list(fields.names()) == list(expected)
    assert {name: await fields.get(name) for name in fields.names()} == expected


@given(
    before=BODIES, after=BODIES, token=st.text(st.sampled_from("0123456789abcdef"), min_size=1, max_size=64)
)
async def test_the_token_is_found_wherever_it_stands(before: bytes, after: bytes, token: str) -> None:
    body = b"&".join([before, b"csrf=" + token.encode(), after])
    if b"csrf=" in before:
        return
    assert await make_form_data(body).csrf_token() == token
    assert await make_form_data(body.replace(b"csrf=", b"kunci=")).csrf_token() == (
        "" if b"csrf=" not in after else await make_form_data(after).csrf_token()
    )


async def test_a_long_value_is_the_same_though_it_is_decoded_apart() -> None:
    assert (
        await make_form_data(b"content=" + b"%41+" * MAX_INLINE_DECODE_BYTES).get("content")
        == "A " * MAX_INLINE_DECODE_BYTES
    )


def test_a_form_that_declares_more_than_200_fields_may_send_as_many() -> None:
    body = b"&".join(b"f%d=1" % at for at in range(300))
    counts = BodyLimiter(max_refused=1)
    with pytest.raises(DomainError) as refused:
        make_form_data(body, counts).names()
    assert refused.value.code == "ui.too_many_fields"
    assert counts.is_blocked("192.0.2.7")
    assert len(make_form_data(body).names(300)) == 300
    assert len(make_form_data(b"&".join(body.split(b"&")[:MAX_FIELDS])).names()) == MAX_FIELDS
