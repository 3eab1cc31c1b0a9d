"""Read the privileges on every object of a cooperative's schema from PostgreSQL's catalogue."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import text

from tenants.revisions import COOPERATIVE, get_head

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

# Placeholder for the cooperative's own role: the role has the schema's name, so it differs in each.
COOPERATIVE_ROLE: Final = "{cooperative}"
OWNER: Final = "OWNER"

# One query reads any number of schemas. An object without its own list has PostgreSQL's default privileges.
_OBJECTS: Final = """
WITH wanted AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname = ANY(:names)
), objects AS (
    SELECT nspname, 'schema' AS kind, '' AS name, '' AS part, nspowner AS owner, coalesce(nspacl,
    acldefault('n', nspowner)) AS acl FROM wanted
    UNION ALL
    SELECT w.nspname, CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, quote_ident(c.relname), '',
    c.relowner,
           coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END,
           c.relowner))
    FROM wanted w JOIN pg_class c ON c.relnamespace = w.oid WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT w.nspname, 'column', quote_ident(c.relname), quote_ident(a.attname), NULL, a.attacl
    FROM wanted w JOIN pg_class c ON c.relnamespace = w.oid JOIN pg_attribute a ON a.attrelid = c.oid AND
        a.attacl IS NOT NULL
    UNION ALL
    SELECT w.nspname, 'function',
           quote_ident(p.proname) || '(' || replace(pg_get_function_identity_arguments(p.oid), w.nspname ||
               '.', '') || ')', '',
           p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    FROM wanted w JOIN pg_proc p ON p.pronamespace = w.oid
    UNION ALL
    SELECT w.nspname, 'default', CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN
        'f' THEN 'ROUTINES' ELSE 'TYPES' END,
           quote_ident(pg_get_userbyid(d.defaclrole)), NULL, d.defaclacl
    FROM wanted w JOIN pg_default_acl d ON d.defaclnamespace = w.oid
)
"""
_PRIVILEGES: Final = f"""
, rights AS (
    SELECT nspname, kind, name, part, owner AS who, '{OWNER}' AS privilege, false AS grantable FROM objects
        WHERE owner IS NOT NULL
    UNION ALL
    SELECT o.nspname, o.kind, o.name, o.part, a.grantee, a.privilege_type, a.is_grantable FROM objects o,
    aclexplode(o.acl) a
), named AS (
    SELECT r.nspname AS schema, r.kind, r.name, r.part, CASE WHEN r.who = 0 THEN 'PUBLIC' WHEN g.rolname =
        r.nspname THEN '{COOPERATIVE_ROLE}'
           ELSE coalesce(quote_ident(g.rolname), r.who::text) END AS grantee, r.privilege, r.grantable
    FROM rights r LEFT JOIN pg_roles g ON g.oid = r.who
)
"""
# Digests of the lists without expanding them, which saves a few milliseconds for each schema. Equal lists
# mean equal privileges; only schemas with other digests are compared in detail.
_DIGESTS: Final = text(
    _OBJECTS + "SELECT nspname AS schema, md5(replace(string_agg(concat_ws(' ', kind, name, part, "
    "pg_get_userbyid(owner), acl), chr(10)"
    f' ORDER BY kind COLLATE "C", name COLLATE "C", part COLLATE "C"), nspname, '
    f"'{COOPERATIVE_ROLE}')) AS digest "
    f"FROM objects GROUP BY nspname"
)
_DETAILS: Final = text(
    _OBJECTS + _PRIVILEGES + "SELECT kind, name, part, grantee, privilege, grantable FROM named"
)


class Privilege(msgspec.Struct, frozen=True, order=True):
    """One privilege on one object; ownership counts as a privilege.

    ``part`` is a column's name, or, for default privileges, the role whose future objects they are for.
    """

    kind: str
    name: str
    part: str
    grantee: str
    privilege_type: str
    grantable: bool

    @property
    def describe_object(self) -> str:
        """Return the object as messages name it: the schema, a table or function, a column, or later objects
        of a kind (default privileges).
        """
        words = {
            "schema": "the schema",
            "default": f"later {self.name.lower()}",
            "column": f"{self.name}.{self.part}",
        }
        return words.get(self.kind, self.name)


async def list_current_schemas(connection: AsyncConnection, root: Path | None = None) -> dict[str, str]:
    """Return the schemas at the newest revision with their labels.

    The label is the slug, or "spare" and the name of a schema in the pool.
    """
    head = {"head": get_head(COOPERATIVE, root)}
    cooperatives = await connection.execute(
        text("SELECT schema_name, slug FROM shared.cooperatives WHERE revision = :head"), head
    )
    spare = await connection.execute(
        text("SELECT schema_name FROM shared.schema_pool WHERE revision = :head"), head
    )
    return {row.schema_name: row.slug for row in cooperatives} | {
        name: f"spare {name}" for name in spare.scalars()
    }


async def privilege_digests(connection: AsyncConnection, names: Collection[str]) -> dict[str, str]:
    """Return a digest of all privileges of each schema.

    Schemas with equal privileges, granted in the same order, have equal digests.
    """
    rows = await connection.execute(_DIGESTS, {"names": list(names)})
    return {row.schema: row.digest for row in rows}


async def list_privileges(connection: AsyncConnection, name: str) -> frozenset[Privilege]:
    """Return every privilege in a schema."""
    rows = await connection.execute(_DETAILS, {"names": [name]})
    return frozenset(Privilege(*row) for row in rows)
