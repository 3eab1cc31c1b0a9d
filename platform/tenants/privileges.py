"""Compare the privileges in cooperatives' schemas with those of a new schema, and repair them.

A restore of one schema, or a manual change, can leave other privileges than the revisions grant, and no page
would fail. The expected privileges are read from a schema that is created like a new cooperative's and rolled
back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from tenants.privilege_queries import COOPERATIVE_ROLE, OWNER, Privilege, list_privileges, privilege_digests
from tenants.schema_pool import generate_schema_name, render_schema_script, run_script

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from kernel.database import Database

LOCK_TIMEOUT: Final = "5s"
MAX_REPAIR_ROUNDS: Final = 3  # a new owner inherits the old owner's grants, so compare again after each round
_OBJECT_KEYWORDS: Final = {
    "schema": "SCHEMA",
    "table": "TABLE",
    "column": "TABLE",
    "sequence": "SEQUENCE",
    "function": "ROUTINE",
}


class PrivilegeDrift(msgspec.Struct, frozen=True):
    """How the privileges and objects in a schema differ from those of a new one.

    ``unknown_objects`` are only in this schema, ``missing_objects`` only in a new one.
    """

    extra_privileges: tuple[Privilege, ...]
    missing_privileges: tuple[Privilege, ...]
    unknown_objects: tuple[str, ...]
    missing_objects: tuple[str, ...]


_NO_DRIFT: Final = PrivilegeDrift((), (), (), ())


async def compare_privileges(
    database: Database, schemas: Collection[str], *, root: Path | None = None
) -> dict[str, PrivilegeDrift]:
    """Return the schemas whose privileges differ from those of a new one, with the differences.

    All schemas must be at the newest revision.
    """
    return (await _compare(database, schemas, root))[1]


async def repair_privileges(
    database: Database, schemas: Collection[str], *, root: Path | None = None
) -> tuple[list[str], dict[str, str]]:
    """Give these schemas the privileges of a new one; return the repaired, and the failed with reasons.

    Unknown and missing objects are not changed.
    """
    repaired: list[str] = []
    failed: dict[str, str] = {}
    wanted, drifts = await _compare(database, schemas, root)
    for name, drift in drifts.items():
        if not (drift.extra_privileges or drift.missing_privileges):
            continue
        try:
            await _repair(database, name, wanted)
            repaired.append(name)
        except Exception as error:  # noqa: BLE001 - one failure must not stop the others; the result names it
            failed[name] = f"its privileges could not be repaired: {str(error).splitlines()[0]}"
    return repaired, failed


async def _compare(
    database: Database, schemas: Collection[str], root: Path | None
) -> tuple[frozenset[Privilege], dict[str, PrivilegeDrift]]:
    """Return the privileges of a new schema, and the differences of the other schemas."""
    if not schemas:
        return frozenset(), {}
    async with database.owner_engine.connect() as connection:
        wanted, digest = await _reference_privileges(connection, database.settings.app_role, root)
        found = await privilege_digests(connection, schemas)
        others = [name for name in schemas if found.get(name) != digest]
        drifts = {name: _diff(wanted, await list_privileges(connection, name)) for name in others}
    return wanted, {name: drift for name, drift in drifts.items() if drift != _NO_DRIFT}


async def _repair(database: Database, name: str, wanted: frozenset[Privilege]) -> None:
    async with database.owner_engine.begin() as connection:
        await run_script(connection, f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        for _ in range(MAX_REPAIR_ROUNDS):
            drift = _diff(wanted, await list_privileges(connection, name))
            if not (drift.extra_privileges or drift.missing_privileges):
                return
            await run_script(connection, ";\n".join(_repair_statements(name, drift)))
        left = _diff(wanted, await list_privileges(connection, name))
        if left.extra_privileges or left.missing_privileges:
            privilege = (left.extra_privileges or left.missing_privileges)[0]
            msg = (
                f"{privilege.privilege_type} on {privilege.describe_object} for {privilege.grantee} stays "
                f"different"
            )
            raise RuntimeError(msg)


async def _reference_privileges(
    connection: AsyncConnection, app_role: str, root: Path | None
) -> tuple[frozenset[Privilege], str]:
    """Create a schema like a new cooperative's, read its privileges and digest, and roll back."""
    name = generate_schema_name()
    transaction = await connection.begin()
    try:
        await run_script(connection, render_schema_script(name, app_role, root)[1])
        return await list_privileges(connection, name), (await privilege_digests(connection, [name]))[name]
    finally:
        await transaction.rollback()


def _diff(wanted: frozenset[Privilege], found: frozenset[Privilege]) -> PrivilegeDrift:
    """Compare the privileges on objects that both sides have; list the other objects by name."""
    known, here = _objects(wanted), _objects(found)
    unknown, missing = here - known, known - here
    return PrivilegeDrift(
        tuple(sorted(privilege for privilege in found - wanted if _object_of(privilege) not in unknown)),
        tuple(sorted(privilege for privilege in wanted - found if _object_of(privilege) not in missing)),
        tuple(sorted(name or kind for kind, name in unknown)),
        tuple(sorted(name or kind for kind, name in missing)),
    )


def _objects(privileges: Collection[Privilege]) -> set[tuple[str, str]]:
    return {(privilege.kind, privilege.name) for privilege in privileges if privilege.privilege_type == OWNER}


def _object_of(privilege: Privilege) -> tuple[str, str]:
    return ("table" if privilege.kind == "column" else privilege.kind, privilege.name)


def _repair_statements(schema: str, drift: PrivilegeDrift) -> Sequence[str]:
    """Return the statements of the next round of a repair.

    Owners are changed first and alone, because grants change with them. Otherwise: revoke extra privileges,
    then grant missing ones.
    """
    owners = [privilege for privilege in drift.missing_privileges if privilege.privilege_type == OWNER]
    if owners:
        return [
            f"ALTER {_object_clause(privilege, schema)} OWNER TO {_role_name(privilege.grantee, schema)}"
            for privilege in owners
        ]
    taken = [_grant_statement("REVOKE", "FROM", privilege, schema) for privilege in drift.extra_privileges]
    return [
        *taken,
        *(_grant_statement("GRANT", "TO", privilege, schema) for privilege in drift.missing_privileges),
    ]


def _grant_statement(verb: str, direction: str, privilege: Privilege, schema: str) -> str:
    role = _role_name(privilege.grantee, schema)
    if privilege.kind == "default":
        ending = " WITH GRANT OPTION" if verb == "GRANT" and privilege.grantable else ""
        whose = _role_name(privilege.part, schema)
        return (
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {whose} IN SCHEMA {schema}"
            f" {verb} {privilege.privilege_type} ON {privilege.name} {direction} {role}{ending}"
        )
    column = f" ({privilege.part})" if privilege.kind == "column" else ""
    ending = " CASCADE" if verb == "REVOKE" else " WITH GRANT OPTION" if privilege.grantable else ""
    return (
        f"{verb} {privilege.privilege_type}{column} ON {_object_clause(privilege, schema)} {direction} "
        f"{role}{ending}"
    )


def _object_clause(privilege: Privilege, schema: str) -> str:
    return f"{_OBJECT_KEYWORDS[privilege.kind]} {schema}" + (f".{privilege.name}" if privilege.name else "")


def _role_name(name: str, schema: str) -> str:
    return schema if name == COOPERATIVE_ROLE else name
