"""One codec for json and jsonb on every connection: values are Python's dicts and lists in both directions.

The codec is binary, because asyncpg requires that to read json inside arrays and rows (``kernel.batching``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.engine import URL

# PostgreSQL's binary jsonb is one byte with the format version, then the JSON text.
_JSONB_VERSION: Final = b"\x01"


async def set_json_codec(connection: asyncpg.Connection[Any]) -> None:
    """Set our codec for json and jsonb on a connection."""
    await connection.set_type_codec(
        "json", schema="pg_catalog", format="binary", encoder=_encode, decoder=msgspec.json.decode
    )
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_encode_jsonb, decoder=_decode_jsonb
    )


def create_engine(url: URL, **options: Any) -> AsyncEngine:
    """Return an engine that leaves json to the codec of its connections.

    ``kernel.connection`` opens connections with the codec set.
    """
    engine = create_async_engine(url, json_serializer=_pass_through, **options)
    dialect: Any = engine.sync_engine.dialect
    # the dialect's hooks for new connections would set SQLAlchemy's own codec
    dialect.setup_asyncpg_json_codec = dialect.setup_asyncpg_jsonb_codec = _keep_codec
    return engine


def _pass_through(value: object) -> object:
    """Return the value unchanged; SQLAlchemy calls this in place of a JSON serializer."""
    return value


async def _keep_codec(connection: object) -> None:
    """Do nothing: the connection has our codec already."""


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value, enc_hook=_to_builtin)


def _encode_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + _encode(value)


def _decode_jsonb(stored: bytes) -> Any:
    return msgspec.json.decode(memoryview(stored)[len(_JSONB_VERSION) :])


def _to_builtin(value: object) -> object:
    """Convert a subclass of int or str (Rupiah) to int or str. Raises TypeError for any other type."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")
