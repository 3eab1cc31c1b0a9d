"""One codec of PostgreSQL's json and jsonb, on every connection of ours: whoever reads gets dicts and lists,
whoever writes hands them over.

The codec is binary, because asyncpg reads json inside arrays and rows (``kernel.batching``) by no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.engine import URL

# PostgreSQL's binary jsonb is the text after one byte that names the format's version.
_JSONB_VERSION: Final = b"\x01"


async def set_json_codec(connection: asyncpg.Connection[Any]) -> None:
    """Let this connection read json and jsonb into Python's values and write them from there."""
    await connection.set_type_codec(
        "json", schema="pg_catalog", format="binary", encoder=_encode, decoder=msgspec.json.decode
    )
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_encode_jsonb, decoder=_decode_jsonb
    )


def create_engine(url: URL, **options: Any) -> AsyncEngine:
    """Return an engine that leaves json to the codec of its connections: those that ``kernel.connection``
    opens have it already.
    """
    engine = create_async_engine(url, json_serializer=_pass_through, **options)
    dialect: Any = engine.sync_engine.dialect
    # the dialect's hooks for new connections would put SQLAlchemy's own codec in its place
    dialect.setup_asyncpg_json_codec = dialect.setup_asyncpg_jsonb_codec = _keep_codec
    return engine


def _pass_through(value: object) -> object:
    """What a JSON column's bind processor hands to the driver: the value itself."""
    return value


async def _keep_codec(connection: object) -> None:
    """The connection has its codec."""


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value, enc_hook=_to_builtin)


def _encode_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + _encode(value)


def _decode_jsonb(stored: bytes) -> Any:
    return msgspec.json.decode(memoryview(stored)[len(_JSONB_VERSION) :])


def _to_builtin(value: object) -> object:
    """Write a subclass of int or str (Rupiah) as what it is; anything else is no JSON."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")
