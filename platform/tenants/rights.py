"""Who may do what with each object of a cooperative's schema: compared with what the revisions give, and
mended.

A restore of one schema, or a hand on the database, can leave other rights than the revisions gave, and
nothing else would notice: pages work on. What is right is not listed anywhere: it is read from a schema that
is made like a new cooperative's and rolled back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tenants.rights_queries import OWN, OWNER, Right, digests, rights_of
from tenants.schemas import opaque_name, run_script, schema_script

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from kernel.database import Database

LOCK_TIMEOUT: Final = "5s"
ROUNDS: Final = 3  # a new owner takes the old one's grants along: they are looked at again
_ON: Final = {
    "schema": "SCHEMA",
    "table": "TABLE",
    "column": "TABLE",
    "sequence": "SEQUENCE",
    "function": "ROUTINE",
}


class Deviation(msgspec.Struct, frozen=True):
    """How the rights in a schema differ from those of a new one; ``unknown`` objects no revision makes,
    ``missing`` ones every revision does.
    """

    too_many: tuple[Right, ...]
    too_few: tuple[Right, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]


_NONE: Final = Deviation((), (), (), ())


async def compare_rights(
    database: Database, schemas: Collection[str], *, root: Path | None = None
) -> dict[str, Deviation]:
    """Return how the rights of these schemas, all at the newest revision, differ from those of a new one;
    only those that do.
    """
    return (await _compare(database, schemas, root))[1]


async def mend_rights(
    database: Database, schemas: Collection[str], *, root: Path | None = None
) -> tuple[list[str], dict[str, str]]:
    """Give these schemas the rights of a new one: ``(those mended, those that could not be with the
    reason)``.

    Objects that no revision knows, and such as are missing, are left alone: rights are no remedy for them.
    """
    mended: list[str] = []
    failed: dict[str, str] = {}
    wanted, deviations = await _compare(database, schemas, root)
    for name, deviation in deviations.items():
        if not (deviation.too_many or deviation.too_few):
            continue
        try:
            await _mend(database, name, wanted)
            mended.append(name)
        except Exception as error:  # noqa: BLE001 - whatever stops one must not stop the others; it is reported by name
            failed[name] = f"its rights could not be mended: {str(error).splitlines()[0]}"
    return mended, failed


async def _compare(
    database: Database, schemas: Collection[str], root: Path | None
) -> tuple[frozenset[Right], dict[str, Deviation]]:
    """Return the rights of a new schema, and how others differ from them."""
    if not schemas:
        return frozenset(), {}
    async with database.owner_engine.connect() as connection:
        wanted, digest = await _of_a_new_schema(connection, database.settings.app_role, root)
        found = await digests(connection, schemas)
        others = [name for name in schemas if found.get(name) != digest]
        deviations = {name: _deviation(wanted, await rights_of(connection, name)) for name in others}
    return wanted, {name: deviation for name, deviation in deviations.items() if deviation != _NONE}


async def _mend(database: Database, name: str, wanted: frozenset[Right]) -> None:
    async with database.owner_engine.begin() as connection:
        await run_script(connection, f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        for _ in range(ROUNDS):
            deviation = _deviation(wanted, await rights_of(connection, name))
            if not (deviation.too_many or deviation.too_few):
                return
            await run_script(connection, ";\n".join(_statements(name, deviation)))
        left = _deviation(wanted, await rights_of(connection, name))
        if left.too_many or left.too_few:
            right = (left.too_many or left.too_few)[0]
            msg = f"{right.privilege} on {right.where} for {right.grantee} stays different"
            raise RuntimeError(msg)


async def _of_a_new_schema(
    connection: AsyncConnection, app_role: str, root: Path | None
) -> tuple[frozenset[Right], str]:
    """Make a schema as a new cooperative's, look at its rights, and undo it."""
    name = opaque_name()
    transaction = await connection.begin()
    try:
        await run_script(connection, schema_script(name, app_role, root)[1])
        return await rights_of(connection, name), (await digests(connection, [name]))[name]
    finally:
        await transaction.rollback()


def _deviation(wanted: frozenset[Right], found: frozenset[Right]) -> Deviation:
    """Rights are compared on the objects that both have; the others are named."""
    known, here = _objects(wanted), _objects(found)
    unknown, missing = here - known, known - here
    return Deviation(
        tuple(sorted(right for right in found - wanted if _object_of(right) not in unknown)),
        tuple(sorted(right for right in wanted - found if _object_of(right) not in missing)),
        tuple(sorted(name or kind for kind, name in unknown)),
        tuple(sorted(name or kind for kind, name in missing)),
    )


def _objects(rights: Collection[Right]) -> set[tuple[str, str]]:
    return {(right.kind, right.name) for right in rights if right.privilege == OWNER}


def _object_of(right: Right) -> tuple[str, str]:
    return ("table" if right.kind == "column" else right.kind, right.name)


def _statements(schema: str, deviation: Deviation) -> Sequence[str]:
    """What brings the rights closer: first owners alone, since the grants move with them; then what is too
    much, then what lacks.
    """
    owners = [right for right in deviation.too_few if right.privilege == OWNER]
    if owners:
        return [f"ALTER {_place(right, schema)} OWNER TO {_role(right.grantee, schema)}" for right in owners]
    taken = [_grant("REVOKE", "FROM", right, schema) for right in deviation.too_many]
    return [*taken, *(_grant("GRANT", "TO", right, schema) for right in deviation.too_few)]


def _grant(verb: str, direction: str, right: Right, schema: str) -> str:
    role = _role(right.grantee, schema)
    if right.kind == "default":
        tail = " WITH GRANT OPTION" if verb == "GRANT" and right.grantable else ""
        whose = _role(right.part, schema)
        return (
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {whose} IN SCHEMA {schema}"
            f" {verb} {right.privilege} ON {right.name} {direction} {role}{tail}"
        )
    column = f" ({right.part})" if right.kind == "column" else ""
    tail = " CASCADE" if verb == "REVOKE" else " WITH GRANT OPTION" if right.grantable else ""
    return f"{verb} {right.privilege}{column} ON {_place(right, schema)} {direction} {role}{tail}"


def _place(right: Right, schema: str) -> str:
    return f"{_ON[right.kind]} {schema}" + (f".{right.name}" if right.name else "")


def _role(name: str, schema: str) -> str:
    return schema if name == OWN else name
