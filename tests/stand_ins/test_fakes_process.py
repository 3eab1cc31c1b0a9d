"""The stand-ins as one process, as the demo starts them."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import httpx

TESTS = Path(__file__).resolve().parents[1]


async def test_one_process_serves_all_three_and_says_where() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "stand_ins",
        cwd=TESTS,
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(TESTS)},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            told = json.loads(await process.stdout.readline())
        async with httpx.AsyncClient() as client:
            answer = await client.get(
                f"{told['stripe']}/v1/balance", headers={"authorization": f"Bearer {told['keys']['stripe']}"}
            )
            assert answer.json()["object"] == "balance"
            for name in ("midtrans", "xendit"):
                assert (await client.get(f"{told[name]}/nothing-here")).status_code == 404
    finally:
        process.terminate()
        assert await process.wait() == 0
