"""Who may do what with each object of a cooperative's schema, as the catalogue has it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import text

from tenants.revisions import COOPERATIVE, get_head

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

# the cooperative's own role: it bears the schema's name, so it differs everywhere
COOPERATIVE_ROLE: Final = "{cooperative}"
OWNER: Final = "OWNER"

# One look at the catalogue for any number of schemas. An object without a list of its own has what PostgreSQL
# gives by default.
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
# The lists as they are written, without looking into them: a few milliseconds a schema less. Equal lists are
# equal rights; others are looked into.
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
    """One right on one object.

    ``part`` is a column's name, or whose later objects a default is for; owning is a right, too.
    """

    kind: str
    name: str
    part: str
    grantee: str
    privilege_type: str
    grantable: bool

    @property
    def object_label(self) -> str:
        """What it is a right on, in words."""
        words = {
            "schema": "the schema",
            "default": f"later {self.name.lower()}",
            "column": f"{self.name}.{self.part}",
        }
        return words.get(self.kind, self.name)


async def list_current_schemas(connection: AsyncConnection, root: Path | None = None) -> dict[str, str]:
    """Return the schemas at the newest revision, spare ones too, and what each is called."""
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
    """Return a digest of all rights in each of these schemas: those of equal rights, written in the same
    order, are equal.
    """
    rows = await connection.execute(_DIGESTS, {"names": list(names)})
    return {row.schema: row.digest for row in rows}


async def list_privileges(connection: AsyncConnection, name: str) -> frozenset[Privilege]:
    """Return every right in a schema."""
    rows = await connection.execute(_DETAILS, {"names": [name]})
    return frozenset(Privilege(*row) for row in rows)
