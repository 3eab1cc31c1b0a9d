"""Runs all fake gateways as one process, for the demo: `python -m fakes` (in the folder `platform`).

Prints one line of JSON once they accept connections: the addresses, and the keys to use. Ends on SIGTERM or
Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from datetime import timedelta

from fakes.asgi_server import serve
from fakes.fake_stripe import FakeStripe
from fakes.midtrans import FakeMidtrans
from fakes.xendit import FakeXendit


async def run(ports: dict[str, int], async_after: int | None, *, with_parent: bool = False) -> None:
    """Serve until a signal stops it. Port 0 takes any free port."""
    stop = asyncio.Event()
    # the parent process holds the other end of standard input: it closes when the parent ends in any way
    if with_parent:

        def stop_at_end_of_input() -> None:
            if not os.read(sys.stdin.fileno(), 64):
                stop.set()

        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop_at_end_of_input)
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    stripe = FakeStripe(async_after=timedelta(seconds=async_after) if async_after else None)
    midtrans, xendit = FakeMidtrans(), FakeXendit()
    async with contextlib.AsyncExitStack() as served:
        addresses = {
            name: await served.enter_async_context(serve(fake.app, ports[name]))
            for name, fake in (("stripe", stripe), ("midtrans", midtrans), ("xendit", xendit))
        }
        keys = {"stripe": FakeStripe.key, "midtrans": midtrans.server_key, "xendit": xendit.secret_key}
        setting = ",".join(f"{name}={address}" for name, address in addresses.items())
        sys.stdout.write(
            json.dumps({**addresses, "pid": os.getpid(), "keys": keys, "LUMBUNG_FAKE_GATEWAYS": setting})
            + "\n"
        )
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    reader = argparse.ArgumentParser(prog="fakes", description=__doc__)
    for name in ("stripe", "midtrans", "xendit"):
        reader.add_argument(f"--port-{name}", type=int, default=0, help="0 takes any free one")
    reader.add_argument(
        "--async-after",
        type=int,
        help="seconds until money of a bank transfer at Stripe comes by itself (default: when clicked)",
    )
    reader.add_argument("--with-parent", action="store_true", help="end when the standard input is closed")
    given = reader.parse_args()
    if os.environ.get("LUMBUNG_ENVIRONMENT", "").strip().lower() == "production":
        reader.error("fake gateways move no money: they do not start where LUMBUNG_ENVIRONMENT is production")
    ports = {name: getattr(given, f"port_{name}") for name in ("stripe", "midtrans", "xendit")}
    asyncio.run(run(ports, given.async_after, with_parent=given.with_parent))


if __name__ == "__main__":
    main()
