"""`make bench`: measures what we promise, as ratios within one run where another program is the yardstick.

`make bench ARGS="storefront founding"` runs some of them. Nothing here passes or fails: it prints figures.
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


# Python looks for modules beside this file first, where the bench of payments would be taken for the room of
# that name.
sys.path.pop(0)


def main() -> None:
    for name in ("httpx", "httpcore"):  # a line for each request would bury the figures
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in sys.argv[1:] or BENCHES:
        print(f"\n== {name}")
        asyncio.run(importlib.import_module(f"bench.{name}").main())


main()
