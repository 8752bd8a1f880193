"""Operators: keys with a credential of the root, and the commands they sign.

A credential is a CWT (RFC 8392) that confirms a key (`cnf`, RFC 8747); a command is a COSE_Sign1
by that key over a nonce of the device. docs/signed-objects.md has both.
"""

from crypto.ed25519 import is_acceptable_key
from micropython import const

from verify import cbor, cose
from verify.errors import Malformed, Refused
from verify.registry import CNF, CTI, EXP, IAT, SCOPE, SUB

CREDENTIAL_TYP = "application/scanpost-operator+cwt"
COMMAND_TYP = "application/scanpost-command+cbor"
NONCE_BYTES = const(16)

_MAX_NAME_BYTES = const(32)
_MAX_SCOPE_BYTES = const(64)


class Credential:
    """Which operator may do what, until when. Nothing here says that it is not revoked.

    kid, cti: bytes, of the operator's key and of the credential. key: Ed25519, 32 bytes.
    name: text. roles: list of words. issued_at, expires_at: Unix seconds.
    """

    def __init__(self, claims):
        """claims: the map of a credential whose signature was verified. Raises Malformed."""
        self.name = _text(claims, SUB, _MAX_NAME_BYTES)
        self.expires_at = _time(claims, EXP)
        self.issued_at = _time(claims, IAT)
        self.cti = claims.get(CTI)
        if not cbor.is_bytes(self.cti, 8, 16):
            raise Malformed
        self.key = _confirmed_key(claims.get(CNF))
        self.kid = cose.kid_of(self.key)
        self.roles = _text(claims, SCOPE, _MAX_SCOPE_BYTES).split(" ")


class Owner:
    """The root itself as the signer of a command: it needs no credential.

    cti: None, nothing revokes it. The others: as of a Credential.
    """

    name = "root"
    roles = ("provision", "collect", "clock", "service")
    cti = None

    def __init__(self, root):
        """root: Ed25519 public key, 32 bytes."""
        self.key = root
        self.kid = cose.kid_of(root)


def open_credential(data, root):
    """Verifies an operator's credential.

    data: COSE_Sign1, bytes. root: the owner's Ed25519 public key, 32 bytes.
    Returns a Credential. Raises Malformed, or Refused with UNSUPPORTED, UNKNOWN_KEY, WRONG_TYPE,
    BAD_SIGNATURE.
    """
    claims = cose.open_sign1(data, root, CREDENTIAL_TYP)
    if not isinstance(claims, dict):
        raise Malformed
    return Credential(claims)


def open_command(data, credential):
    """Verifies a command; returns (device id, nonce, operation, arguments), none of it judged.

    data: COSE_Sign1, bytes. credential: of the operator whose key must have signed it, or Owner.
    Raises as `open_credential`.
    """
    command = cose.open_sign1(data, credential.key, COMMAND_TYP)
    if not cbor.is_list(command, 4):
        raise Malformed
    device_id, nonce, operation, arguments = command
    if not isinstance(device_id, bytes) or not isinstance(nonce, bytes):
        raise Malformed
    if not isinstance(operation, str) or not isinstance(arguments, list):
        raise Malformed
    return device_id, nonce, operation, arguments


def _text(claims, key, max_bytes):
    value = claims.get(key)
    if not cbor.is_text(value, 1, max_bytes):
        raise Malformed
    return value


def _time(claims, key):
    value = claims.get(key)
    if not cbor.is_uint(value):
        raise Malformed
    return value


def _confirmed_key(cnf):
    """The Ed25519 key in a `cnf` claim: {1: COSE_Key} (RFC 8747 section 3.2)."""
    key = cnf.get(1) if isinstance(cnf, dict) else None
    if not isinstance(key, dict) or key.get(1) != 1 or key.get(-1) != 6:
        raise Malformed
    x = key.get(-2)
    if not cbor.is_bytes(x, 32) or not is_acceptable_key(x):
        raise Refused("UNKNOWN_KEY")
    return x
