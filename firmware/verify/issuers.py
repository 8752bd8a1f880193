"""The body of a trust list, read and checked (docs/signed-objects.md): when one is installed, and
at the start."""

from struct import pack

from crypto import ed25519
from micropython import const

from verify import cose
from verify.cbor import is_bytes, is_list, is_text, is_uint
from verify.errors import Malformed
from verify.registry import ALG_EDDSA, ALG_HMAC_256_64, ALG_HMAC_256_256, KID_BYTES

_MAX_ISSUERS = const(32)
_NO_KEY = bytes(32)


def _row(parts, layout):
    """The row, laid out so, for one issuer. Its name is for those who read the list."""
    register = parts[7] if is_list(parts, 8) else parts[0] if is_list(parts, 7) else None
    if not is_bytes(register, KID_BYTES):
        raise Malformed
    kid, alg, key, valid_from, valid_until, max_lifetime, name = parts[:7]
    if not is_bytes(kid, KID_BYTES) or not is_text(name, 0, 32):
        raise Malformed
    if isinstance(alg, bool) or alg not in (
        ALG_EDDSA,
        ALG_HMAC_256_64,
        ALG_HMAC_256_256,
    ):
        raise Malformed
    if not is_bytes(key, 32) if alg == ALG_EDDSA else key is not None:
        raise Malformed
    for number in (valid_from, valid_until, max_lifetime):
        if not is_uint(number):
            raise Malformed
    key = key or _NO_KEY
    return pack(layout, kid, alg, key, valid_from, valid_until, max_lifetime, register)


def _check_key(kid, key):
    if cose.kid_of(key) != kid:
        raise Malformed
    if not ed25519.is_acceptable_key(key):
        raise Malformed


def read(body, held, layout):
    """The rows of a TrustList, each at the index of its slot: bytes.

    layout: of a row, as struct has it. The others: as of TrustList.from_body.
    """
    if not isinstance(body, list) or len(body) > _MAX_ISSUERS:
        raise Malformed
    rows = []
    for parts in body:
        row = _row(parts, layout)
        for other in rows:
            if other.startswith(parts[0]):
                raise Malformed
        if parts[1] == ALG_EDDSA and not held:
            _check_key(parts[0], parts[2])
        rows.append(row)
    return b"".join(rows)
