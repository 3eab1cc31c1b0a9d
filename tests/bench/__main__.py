"""`make bench`: measure the figures that we promise, as ratios to a reference program within one run.

`make bench ARGS="storefront founding"` runs some of them. It prints figures; nothing passes or fails.
"""

import asyncio
import importlib
import logging
import sys

BENCHES = (
    "storefront",
    "founding",
    "imports",
    "postings",
    "imports_at_size",
    "payments",
    "bodies",
    "latency",
)


# Python looks for modules beside this file first, and would take the payments benchmark for the room of that
# name.
sys.path.pop(0)


def main() -> None:
    for name in ("httpx", "httpcore"):  # a log line for each request would hide the figures
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in sys.argv[1:] or BENCHES:
        print(f"\n== {name}")
        asyncio.run(importlib.import_module(f"bench.{name}").main())


main()
