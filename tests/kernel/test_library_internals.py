"""The kernel uses two private names of libraries that have no public replacement.

Each has its reason here, and a test that fails when a new version of the library removes it.
"""

import ast
import socket
from pathlib import Path

from sqlalchemy import text

from kernel.connection import DEAD_PEER_SECONDS, begin, connect
from kernel.database import Database
from kernel.timeouts import WEB

KERNEL = Path(__file__).parents[2] / "platform" / "kernel"
REASONS = {
    ("connection.py", "_transport"): "asyncpg has no option for the keepalive of its socket",
    ("connection.py", "_start_transaction"): "SQLAlchemy begins lazily, in a round trip of its own",
}


def test_the_kernel_uses_no_other_private_names() -> None:
    used = set()
    for file in KERNEL.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
                owner = node.value
                if not (isinstance(owner, ast.Name) and owner.id in {"self", "cls"}):
                    used.add((file.name, node.attr))
            if isinstance(node, ast.ImportFrom):
                parts = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
                used |= {
                    (file.name, part) for part in parts if part.startswith("_") and not part.endswith("__")
                }
    assert used == set(REASONS)


async def test_asyncpg_still_shows_its_socket(database: Database) -> None:
    """Reason: without keepalive, a lost server is noticed after two hours."""
    connection = await connect(database.app_url, WEB)
    try:
        found = connection._transport.get_extra_info("socket")
        assert found is not None
        if found.family in (socket.AF_INET, socket.AF_INET6):
            assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                user_timeout = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                assert user_timeout == DEAD_PEER_SECONDS * 1_000
    finally:
        connection.terminate()


async def test_sqlalchemy_still_begins_where_it_is_asked(database: Database) -> None:
    """Reason: BEGIN, role and time-outs of a session travel in one round trip, before its first statement."""
    async with database.session("test") as db:
        connection = await db.connection()
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        assert not driver.is_in_transaction()
        await connection.run_sync(lambda each: begin(each, "SET LOCAL lock_timeout = '123ms'"))
        assert driver.is_in_transaction()
        assert (await db.execute(text("SHOW lock_timeout"))).scalar_one() == "123ms"
