"""Founding a cooperative: from the submitted form to the founder's first page, with a schema ready in the
pool.
"""

import secrets
import statistics
import time
from urllib.parse import urlsplit

import httpx

from bench.environment import PASSWORD, bench_environment
from kernel.ids import new_id
from web.dispatch import HostDispatcher

TIMES = 25


async def main() -> None:
    async with bench_environment(schema_pool_size=TIMES + 3) as (database, settings):
        dispatcher = HostDispatcher(settings, database)
        await dispatcher.start()
        origin = f"http://{settings.base_domain}"
        spent = []
        for _ in range(TIMES + 3):
            transport = httpx.ASGITransport(dispatcher)
            async with httpx.AsyncClient(
                transport=transport, base_url=origin, headers={"origin": origin}
            ) as client:
                # not similar to any earlier name
                word = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz") for _ in range(10))
                form = {
                    "name": f"Koperasi {word.title()}",
                    "slug": word,
                    "officer_name": "Ketua Contoh",
                    "phone": "0899-0000-0001",
                    "password": PASSWORD,
                    "bylaws": "konsumen",
                    "founding_key": str(new_id()),
                }
                base = origin
                started = time.perf_counter()
                answer = await client.post("/daftar", data=form)
                while answer.status_code in (302, 303):
                    target = urlsplit(answer.headers["location"])
                    base = f"{target.scheme}://{target.netloc}" if target.netloc else base
                    answer = await client.get(f"{base}{target.path}?{target.query}", headers={"origin": base})
                spent.append(time.perf_counter() - started)
                assert answer.status_code == 200, answer.text[:500]
                assert "/pengurus" in str(answer.url), answer.url
        steady = sorted(spent[3:])
        print(
            f"founding, form to usable page: p50 {statistics.median(steady) * 1000:.0f} ms, worst "
            f"{steady[-1] * 1000:.0f} ms ({TIMES} times)"
        )
        await dispatcher.stop()
