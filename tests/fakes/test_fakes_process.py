"""The fake gateways as one process, as the demo starts them."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import httpx

PLATFORM = Path(__file__).resolve().parents[2] / "platform"


async def test_one_process_serves_all_three_and_says_where() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fakes",
        cwd=PLATFORM,
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(PLATFORM)},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            printed = json.loads(await process.stdout.readline())
        async with httpx.AsyncClient() as client:
            answer = await client.get(
                f"{printed['stripe']}/v1/balance",
                headers={"authorization": f"Bearer {printed['keys']['stripe']}"},
            )
            assert answer.json()["object"] == "balance"
            for name in ("midtrans", "xendit"):
                assert (await client.get(f"{printed[name]}/nothing-here")).status_code == 404
    finally:
        process.terminate()
        assert await process.wait() == 0


async def test_production_refuses_them() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fakes",
        cwd=PLATFORM,
        stderr=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(PLATFORM), "LUMBUNG_ENVIRONMENT": "production"},
    )
    _, output = await process.communicate()
    assert process.returncode == 2
    assert b"LUMBUNG_ENVIRONMENT" in output
