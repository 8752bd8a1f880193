"""Objects as they come from a file or a host: signed ones are verified, all are read.

Everything the root signs carries a sequence number. The object itself is the file, replaced in one
step, so the number cannot be lost without the list.
"""

from verify import cbor, cose
from verify.collection import CollectionKeys
from verify.errors import Malformed
from verify.trust import TrustList

from keeping.provisioned import COLLECTION, REVOKED, SECRETS, SETTINGS, TRUST
from keeping.settings import Settings

_TYP = {
    TRUST: "application/scanpost-trust+cbor",
    REVOKED: "application/scanpost-revoked+cbor",
    SETTINGS: "application/scanpost-settings+cbor",
    COLLECTION: "application/scanpost-collection+cbor",
}
MAX_SECRETS = 32
_MAX_ENTRIES = 1000000  # of the revocation table


def open_signed(kind, data, root, held):
    """Verifies a signed object; returns (sequence number, signed at, what it says).

    held: it was checked when it was installed, so its keys are not looked at again. What it says:
    TrustList, Settings, CollectionKeys, or of the revocation list (number of entries, SHA-256 of
    the table). Raises Malformed, or Refused with UNSUPPORTED, UNKNOWN_KEY, WRONG_TYPE,
    BAD_SIGNATURE.
    """
    sequence, signed_at, body = cose.open_signed(data, root, _TYP[kind])
    if kind == TRUST:
        said = TrustList.from_body(body, held)
    elif kind == SETTINGS:
        said = Settings.from_body(body)
    elif kind == COLLECTION:
        said = CollectionKeys.from_body(body, held)
    else:
        said = _revoked(body)
    return sequence, signed_at, said


def _revoked(body):
    if not cbor.is_list(body, 2):
        raise Malformed
    count, digest = body
    if not cbor.is_uint(count) or count > _MAX_ENTRIES or not cbor.is_bytes(digest, 32):
        raise Malformed
    return count, digest


def adopt(held, kind, opened, slot=None):
    """Puts what `open_signed` returned in force. held: Provisioned. slot: of the table, if any."""
    sequence, signed_at, said = opened
    if kind == TRUST:
        held.trust = said
        held.secrets.match(said)
    elif kind == SETTINGS:
        held.settings = said
    elif kind == COLLECTION:
        held.collection = said
    else:
        held.revocations.slot, held.revocations.count = slot, said[0]
    held.sequences[kind] = sequence
    held.newest_signed_at = max(held.newest_signed_at, signed_at)
    is_good(held, kind)


def adopt_secrets(held, kept):
    """Has secrets used. kept: (number, digest, rows), as `read_kept_secrets` returns it."""
    held.sequences[SECRETS], held.secrets.digest, rows = kept
    held.secrets.keep(rows)
    held.secrets.match(held.trust)
    is_good(held, SECRETS)


def is_good(held, kind):
    """The file of this kind is not damaged, or no longer."""
    if kind in held.damaged:
        held.damaged.remove(kind)


def read_kept_secrets(data):
    """(number, SHA-256 of the object that brought the last change, rows) of the secrets' file.

    Raises Malformed.
    """
    kept = cbor.decode(data)
    if not cbor.is_list(kept, 3) or not cbor.is_uint(kept[0]) or not cbor.is_bytes(kept[1], 32):
        raise Malformed
    return kept[0], kept[1], read_secrets(kept[2])


def read_secrets(rows):
    """{kid: (alg, secret)} from [[kid 8, alg, secret 32], ...]. Raises Malformed."""
    if not isinstance(rows, list) or len(rows) > MAX_SECRETS:
        raise Malformed
    secrets = {}
    for row in rows:
        if not cbor.is_list(row, 3):
            raise Malformed
        kid, alg, secret = row
        if not cbor.is_bytes(kid, 8) or not cbor.is_bytes(secret, 32) or alg not in (4, 5):
            raise Malformed
        secrets[kid] = (alg, secret)
    return secrets
