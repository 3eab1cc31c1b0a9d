"""Encrypt the secrets of cooperatives, each under a key derived from a rotatable master key.

A sealed secret is the text `v1:<key id>:<base64 of nonce and ciphertext>`. The cooperative's key is
HKDF-SHA256 of the master key with the schema's name as info; the cipher is AES-256-GCM with a random nonce.
Schema, label and key id are associated data: a secret that is moved to another cooperative or to another
field cannot be decrypted there. Nothing here logs a secret or a key or puts one into an exception.
"""

import base64
import binascii
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from payments import errors

# Master keys as settings give them: id and 32 bytes; the first encrypts, all decrypt.
MasterKeys = tuple[tuple[str, bytes], ...]

VERSION: Final = "v1"
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
# separates these keys from others that may be derived from a master key
_SALT: Final = b"lumbung payments vault"


def seal(keys: MasterKeys, schema_name: str, label: str, plaintext: str) -> str:
    """Encrypt a secret with the first master key and return it as text.

    `label` names the method and the field, such as `stripe/secret_key`. Sealing the same secret twice gives
    two different texts. Raises DomainError: payments.vault_has_no_key, .secret_not_text.
    """
    if not keys:
        raise errors.VAULT_KEY_MISSING()
    key_id, master = keys[0]
    try:
        content = plaintext.encode()
    except UnicodeEncodeError:
        raise errors.SECRET_NOT_ENCODABLE() from None  # the original error carries the secret
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = _cipher(master, schema_name).encrypt(
        nonce, content, _associated_data(schema_name, label, key_id)
    )
    return f"{VERSION}:{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(keys: MasterKeys, schema_name: str, label: str, sealed: str) -> str:
    """Decrypt a sealed secret.

    Raises DomainError: payments.vault_key_unknown; .vault_not_opened if it was changed, or sealed for another
    cooperative or label.
    """
    key_id, nonce, content = _parse_sealed(sealed)
    master = dict(keys).get(key_id)
    if master is None:
        raise errors.VAULT_KEY_UNKNOWN(key=key_id)
    try:
        return (
            _cipher(master, schema_name)
            .decrypt(nonce, content, _associated_data(schema_name, label, key_id))
            .decode()
        )
    except InvalidTag:
        raise errors.VAULT_DECRYPTION_FAILED() from None


def needs_rotation(keys: MasterKeys, sealed: str) -> bool:
    """Return whether a secret is sealed with another key than the first.

    Raises DomainError payments.vault_has_no_key, .vault_not_opened.
    """
    if not keys:
        raise errors.VAULT_KEY_MISSING()
    return _parse_sealed(sealed)[0] != keys[0][0]


def reseal(keys: MasterKeys, schema_name: str, label: str, sealed: str) -> str:
    """Decrypt a secret and seal it again with the first master key.

    Raises DomainError as `unseal` does.
    """
    return seal(keys, schema_name, label, unseal(keys, schema_name, label, sealed))


def _parse_sealed(sealed: str) -> tuple[str, bytes, bytes]:
    """Return key id, nonce and ciphertext with its tag."""
    version, _, rest = sealed.partition(":")
    key_id, _, encoded = rest.partition(":")
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise errors.VAULT_DECRYPTION_FAILED() from None
    # base64 can encode the same bytes in several ways: accept the canonical one only
    if version != VERSION or not key_id or base64.b64encode(content).decode() != encoded:
        raise errors.VAULT_DECRYPTION_FAILED()
    if len(content) < _NONCE_BYTES + 16:
        raise errors.VAULT_DECRYPTION_FAILED()
    return key_id, content[:_NONCE_BYTES], content[_NONCE_BYTES:]


def _cipher(master: bytes, schema_name: str) -> AESGCM:
    if len(master) != KEY_BYTES:
        raise ValueError(f"a master key has {KEY_BYTES} bytes")
    return AESGCM(HKDF(SHA256(), KEY_BYTES, _SALT, schema_name.encode()).derive(master))


def _associated_data(schema_name: str, label: str, key_id: str) -> bytes:
    """Return the associated data; each part is prefixed by its length, so that no two contexts are equal."""
    pieces = [piece.encode() for piece in (VERSION, key_id, schema_name, label)]
    return b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)
