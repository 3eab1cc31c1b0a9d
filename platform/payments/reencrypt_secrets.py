"""Re-encrypt every cooperative's secrets with the newest master key, so that old keys can be removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kernel import audit
from kernel.actor import SYSTEM
from kernel.errors import DomainError
from payments import errors, events, methods, queries, vault
from tenants.registry import TenantRef, find_tenant_by_slug, list_slugs
from tenants.session import coop_session, shared_reader

if TYPE_CHECKING:
    from kernel.database import Database


class CooperativeRotation(msgspec.Struct, frozen=True):
    """Counts of one cooperative's secrets: re-encrypted, and already under the newest key."""

    cooperative: str
    rotated: int
    unchanged: int


class RotationReport(msgspec.Struct, frozen=True):
    """The result of a rotation.

    `key` is the id of the key that now encrypts all secrets; `failed` has the error by cooperative, of those
    in which nothing changed.
    """

    key: str
    cooperatives: list[CooperativeRotation]
    failed: dict[str, DomainError]

    @property
    def rotated(self) -> int:
        """Return the number of secrets that were re-encrypted."""
        return sum(each.rotated for each in self.cooperatives)


async def reencrypt_secrets(database: Database) -> RotationReport:
    """Encrypt the secrets of all cooperatives with the first master key; safe to run twice.

    One transaction for each cooperative; a failure in one does not stop the others. Raises DomainError
    payments.vault_has_no_key.
    """
    keys = database.settings.encryption_keys
    if not keys:
        raise errors.VAULT_KEY_MISSING()
    async with shared_reader(database) as ro:
        slugs = await list_slugs(ro)
    report = RotationReport(key=keys[0][0], cooperatives=[], failed={})
    for slug in slugs:
        tenant = await find_tenant_by_slug(database, slug)
        if tenant is None:
            continue
        try:
            report.cooperatives.append(await _rotate_cooperative(database, tenant))
        except DomainError as error:
            report.failed[slug] = error
    return report


async def _rotate_cooperative(database: Database, tenant: TenantRef) -> CooperativeRotation:
    """Re-encrypt one cooperative's secrets in one transaction."""
    keys, schema = database.settings.encryption_keys, tenant.schema_name
    moved = unchanged = 0
    async with coop_session(database, tenant) as db:
        for row in await queries.list_methods_for_update(db):
            old = {name: sealed for name, sealed in row.secrets.items() if vault.needs_rotation(keys, sealed)}
            unchanged += len(row.secrets) - len(old)
            if not old:
                continue
            label = {name: methods.secret_label(row.method, name) for name in old}
            fresh = {name: vault.reseal(keys, schema, label[name], sealed) for name, sealed in old.items()}
            row.secrets = {**row.secrets, **fresh}
            moved += len(old)
            params = {"method": row.method, "moved": sorted(old), "key": keys[0][0]}
            audit.record(db, SYSTEM, events.METHOD_CHANGED, subject=f"way:{row.method}", params=params)
    return CooperativeRotation(cooperative=tenant.slug, rotated=moved, unchanged=unchanged)
