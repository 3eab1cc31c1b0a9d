"""A second opinion on our fake Stripe: the flows that localstripe knows too, run against both, must end
alike.

localstripe is GPL and somebody else's: a program of its own that is neither in our lock nor imported here.
Its own command listens on all interfaces and has no option for the host, so it is started by its own
interpreter with its app bound to loopback. It writes what it remembers to one fixed file in /tmp; a file that
is there already may be somebody's, and is left alone.

Not asked is what it does otherwise than the real API: a refund without amount is the whole once more, more
can go back than was paid, there is no `amount_received`, `latest_charge` is always expanded, and lists begin
with the oldest.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from fakes.asgi_server import serve
from fakes.fake_stripe import FakeStripe
from fakes.stripe_harness import IGNORE_TEXT_BODY_WARNING

pytestmark = pytest.mark.filterwarnings(IGNORE_TEXT_BODY_WARNING)
MEMORY = Path("/tmp/localstripe.pickle")
LAUNCH = (
    "from aiohttp import web; from localstripe.server import app; web.run_app(app, host='127.0.0.1', "
    "port={port}, print=None)"
)


def interpreter() -> str:
    """Return the Python that the localstripe program runs with (its first line names it); skip where there is
    none.
    """
    program = os.environ.get("LUMBUNG_LOCALSTRIPE") or shutil.which("localstripe")
    if not program or not Path(program).is_file():
        pytest.skip("no localstripe (GPL, never in our lock): run `make second-opinion`, which fetches it")
    first = Path(program).read_text().partition("\n")[0]
    python = first.removeprefix("#!").strip()
    if not first.startswith("#!") or not Path(python).is_file():
        pytest.skip(
            f"{program} does not name its interpreter in the first line, so it cannot be bound to loopback"
        )
    return python


@pytest.fixture(scope="module")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    python = interpreter()
    if MEMORY.exists():
        pytest.skip(f"{MEMORY} is there: another localstripe may be running, and both would write to it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("localstripe")
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-I", "-c", LAUNCH.format(port=port)], cwd=home, stdout=log, stderr=log
        )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, (home / "log").read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
        MEMORY.unlink(missing_ok=True)


@pytest.fixture
async def both(localstripe: str) -> AsyncIterator[list[Any]]:
    """Clients of localstripe and of our fake."""
    async with serve(FakeStripe().app) as fake:
        yield [
            stripe.StripeClient(
                FakeStripe.key,
                base_addresses={"api": url},
                http_client=stripe.HTTPXClient(),
                max_network_retries=0,
            ).v1
            for url in (localstripe, fake)
        ]


async def customer_with(client: Any, number: str) -> tuple[str, str]:
    card = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    customer = await client.customers.create_async({"email": "siti@melati.example", "name": "Siti Rahayu"})
    method = await client.payment_methods.create_async({"type": "card", "card": card})
    await client.payment_methods.attach_async(method.id, {"customer": customer.id})
    return customer.id, method.id


async def charged(client: Any, number: str = "4242424242424242", **more: Any) -> Any:
    customer, method = await customer_with(client, number)
    intent = await client.payment_intents.create_async(
        {"amount": 2_500_000, "currency": "idr", "customer": customer, "payment_method": method, **more}
    )
    return await client.payment_intents.confirm_async(intent.id)


async def a_customer_and_a_card(client: Any) -> Any:
    customer, method = await customer_with(client, "4242424242424242")
    read = await client.customers.retrieve_async(customer)
    saved = await client.payment_methods.retrieve_async(method)
    return (
        read.email,
        read.name,
        read.object,
        saved.customer == customer,
        saved.type,
        saved.card.last4,
        saved.card.brand,
    )


async def a_payment_in_rupiah(client: Any) -> Any:
    intent = await charged(client)
    assert intent.latest_charge
    return intent.status, intent.amount, intent.currency, intent.object, intent.capture_method[:9]


async def refunds_in_parts(client: Any) -> Any:
    intent = await charged(client)
    part = await client.refunds.create_async({"payment_intent": intent.id, "amount": 1_000_000})
    rest = await client.refunds.create_async({"payment_intent": intent.id, "amount": 1_500_000})
    charge = await client.charges.retrieve_async(getattr(intent.latest_charge, "id", intent.latest_charge))
    return (
        part.status,
        part.amount,
        part.currency,
        part.object,
        rest.amount,
        charge.amount_refunded,
        charge.refunded,
        charge.status,
    )


async def a_card_that_declines(client: Any) -> Any:
    customer, method = await customer_with(client, "4000000000000341")
    wanted = {"amount": 2_500_000, "currency": "idr", "customer": customer, "payment_method": method}
    intent = await client.payment_intents.create_async(wanted)
    with pytest.raises(stripe.CardError) as declined:
        await client.payment_intents.confirm_async(intent.id)
    left = await client.payment_intents.retrieve_async(intent.id)
    return declined.value.http_status, declined.value.code, left.status


async def a_card_that_asks_its_holder(client: Any) -> Any:
    return (await charged(client, "4000002500003155")).status


async def money_held_and_then_taken(client: Any) -> Any:
    intent = await charged(client, capture_method="manual")
    taken = await client.payment_intents.capture_async(intent.id)
    return intent.status, taken.status, taken.amount


async def what_is_not_there(client: Any) -> Any:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        await client.customers.retrieve_async("cus_nobody")
    return missing.value.http_status


FLOWS = [
    a_customer_and_a_card,
    a_payment_in_rupiah,
    refunds_in_parts,
    a_card_that_declines,
    a_card_that_asks_its_holder,
    money_held_and_then_taken,
    what_is_not_there,
]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
async def test_both_end_alike(both: list[Any], flow: Any) -> None:
    official, faked = [await flow(client) for client in both]
    assert faked == official


async def test_localstripe_is_heard_on_loopback_only(localstripe: str) -> None:
    port = int(localstripe.rpartition(":")[2])
    listening = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    hosts = {
        row[1].partition(":")[0]
        for row in listening
        if row[3] == "0A" and int(row[1].partition(":")[2], 16) == port
    }
    assert hosts == {"0100007F"}
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{localstripe}/v1/customers")).status_code == 401
