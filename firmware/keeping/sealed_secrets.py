"""HMAC secrets as they come: signed for this device, sealed to it, under a number that rises.

    signed by the root, or by an operator whom it lets provision
        [number, when, [device id, kids that go, enc, COSE_Encrypt0 of the secrets that come]]

docs/signed-objects.md has it byte by byte.
"""

import hashlib

from crypto import hpke
from crypto.hpke_recipient import setup_recipient
from crypto.wipe import wipe
from crypto.x25519 import public_key
from micropython import const
from verify import cbor, cose, encrypted
from verify.cbor import is_bytes, is_list
from verify.errors import Malformed, Refused

from keeping import files, objects, sealing_key
from keeping.provisioned import SECRETS

_TYP = const("application/scanpost-secrets+cbor")
_INFO = const(b"ScanPost secrets 1")
_CONTEXT = const(b"key")
_KEY_BYTES = const(32)


def install(held, data, signer, random, allowance):
    """Verifies the object and changes what is held; returns (its number, whether that is new).

    held: Provisioned. data: the object, bytes. signer: the Ed25519 key (32 bytes) of who may, and
    must have signed it. random: (n) -> n bytes, for a sealing key that is not there yet.
    allowance: has take(). Raises Refused with MALFORMED, UNSUPPORTED, UNKNOWN_KEY, WRONG_TYPE,
    BAD_SIGNATURE, WRONG_DEVICE, OLD_SEQUENCE, TOO_LARGE, TOO_OFTEN; nothing is changed then.
    """
    try:
        number, _, body = cose.open_signed(data, signer, _TYP)
        device_id, gone, enc, sealed = _parts(body)
        if device_id != held.identity.device_id:
            raise Refused("WRONG_DEVICE")
        digest = hashlib.sha256(data).digest()
        newest = held.sequences.get(SECRETS, 0)
        if number == newest and digest == held.secrets.digest:
            return number, False
        if number <= newest:
            raise Refused("OLD_SEQUENCE")
        if not allowance.take():
            raise Refused("TOO_OFTEN")
        rows = held.secrets.rows()
        for kid in gone:
            rows.pop(kid, None)
        if enc is not None:
            rows.update(_opened(device_id, enc, sealed, random))
    except Malformed:
        raise Refused("MALFORMED") from None
    if rows == held.secrets.rows():
        # Nothing is written for it; that lower numbers are out of date is known until the restart.
        objects.adopt_secrets(held, (number, digest, rows))
        return number, False
    if len(rows) > objects.MAX_SECRETS:
        raise Refused("TOO_LARGE")
    kept = [[kid, row[0], row[1]] for kid, row in sorted(rows.items())]
    files.replace(SECRETS, cbor.encode([number, digest, kept]))
    objects.adopt_secrets(held, (number, digest, rows))
    return number, True


def _parts(body):
    if not is_list(body, 4):
        raise Malformed
    device_id, gone, enc, sealed = body
    if not is_bytes(device_id, 8) or not isinstance(gone, list):
        raise Malformed
    for kid in gone:
        if not is_bytes(kid, 8):
            raise Malformed
    if enc is None and sealed is None:
        return body
    if not is_bytes(enc, _KEY_BYTES) or not isinstance(sealed, bytes):
        raise Malformed
    return body


def _opened(device_id, enc, sealed, random):
    """{kid: (alg, secret)} that were sealed to this device."""
    private = sealing_key.private_key(random)
    info = _INFO + device_id + sealing_key.kid_of(public_key(private))
    try:
        exporter = setup_recipient(enc, private, info)
    except ValueError:
        raise Malformed from None
    key = hpke.export(exporter, _CONTEXT, _KEY_BYTES)
    wipe(exporter)
    text = encrypted.open_encrypt0(sealed, key, device_id)
    wipe(key)
    try:
        return objects.read_secrets(cbor.decode(text))
    finally:
        wipe(text)
