"""Operators: the root's credential for a key, and the commands that the key signs.

A credential is a CWT (RFC 8392) that confirms a key (`cnf`, RFC 8747). A command is a COSE_Sign1
by that key over a nonce of one device. docs/signed-objects.md has both byte by byte.
"""

import secrets
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning import cose
from provisioning.errors import Malformed, NotAllowed, check_text
from provisioning.key_checks import is_acceptable_key
from provisioning.signed import open_sign1, sign1
from provisioning.trust import check_key

CREDENTIAL_TYP = "application/scanpost-operator+cwt"
COMMAND_TYP = "application/scanpost-command+cbor"
PROVISION, COLLECT, CLOCK, SERVICE = "provision", "collect", "clock", "service"
ROLES = (PROVISION, COLLECT, CLOCK, SERVICE)
MAX_NAME_BYTES = 32
MAX_SCOPE_BYTES = 64
CTI_BYTES = 8

_SUB, _EXP, _IAT, _CTI, _CNF, _SCOPE = 2, 4, 6, 7, 8, 9
_CNF_KEY = 1  # RFC 8747 section 3.2
_KTY, _CRV, _X = 1, -1, -2
_OKP, _ED25519 = 1, 6


class Credential(NamedTuple):
    """Who may do what, until when. Nothing here says that it is not revoked.

    root_kid: of the root that signed it, 8 bytes. key: Ed25519, 32 bytes. roles: words of ROLES,
    or ones that a later version has. issued_at, expires_at: Unix seconds, the latter excluded.
    cti: 8 to 16 bytes, by which it is revoked.
    """

    root_kid: bytes
    name: str
    key: bytes
    roles: tuple[str, ...]
    issued_at: int
    expires_at: int
    cti: bytes

    @property
    def kid(self) -> bytes:
        """Of the operator's key, 8 bytes."""
        return cose.kid_of(self.key)


def issue_credential(
    root: Ed25519PrivateKey,
    key: bytes,
    name: str,
    roles: tuple[str, ...],
    issued_at: int,
    expires_at: int,
) -> bytes:
    """A credential for an operator's public key (Ed25519, 32 bytes), with a cti of its own.

    name: 1 to 32 bytes of UTF-8. roles: of ROLES, at least one. Times: Unix seconds.
    Raises NotAllowed.
    """
    check_key(key)
    check_text("operator's name", name, MAX_NAME_BYTES)
    if not name:
        raise NotAllowed("An operator has a name; journals show it beside what was done.")
    if not roles or not set(roles) <= set(ROLES):
        raise NotAllowed(f"An operator has one role or more of: {', '.join(ROLES)}.")
    if not 0 <= issued_at < expires_at < 1 << 32:
        raise NotAllowed("A credential must end after it is issued (and before 2106).")
    claims = {
        _SUB: name,
        _EXP: expires_at,
        _IAT: issued_at,
        _CTI: secrets.token_bytes(CTI_BYTES),
        _CNF: {_CNF_KEY: {_KTY: _OKP, _CRV: _ED25519, _X: key}},
        _SCOPE: " ".join(role for role in ROLES if role in roles),
    }
    return sign1(root, CREDENTIAL_TYP, claims)


def open_credential(data: bytes, root: bytes | None) -> Credential:
    """Opens a credential; root: the public key (32 bytes), None to take it unchecked.

    Raises Malformed, or Refused: UNSUPPORTED, WRONG_TYPE, UNKNOWN_KEY, BAD_SIGNATURE.
    """
    kid, claims = open_sign1(data, CREDENTIAL_TYP, root)
    if not isinstance(claims, dict):
        raise Malformed("credential: not a map")
    cti = claims.get(_CTI)
    if not isinstance(cti, bytes) or not 8 <= len(cti) <= 16:
        raise Malformed("credential: cti")
    return Credential(
        root_kid=kid,
        name=_text(claims, _SUB, MAX_NAME_BYTES),
        key=_confirmed_key(claims.get(_CNF)),
        roles=tuple(_text(claims, _SCOPE, MAX_SCOPE_BYTES).split(" ")),
        issued_at=_time(claims, _IAT),
        expires_at=_time(claims, _EXP),
        cti=cti,
    )


def sign_command(
    private_key: Ed25519PrivateKey,
    device_id: bytes,
    nonce: bytes,
    operation: str,
    arguments: list[Any],
) -> bytes:
    """A command for one device (id, 8 bytes) over its nonce (16 bytes): a COSE_Sign1."""
    return sign1(private_key, COMMAND_TYP, [device_id, nonce, operation, arguments])


def _text(claims: dict[Any, Any], label: int, most_bytes: int) -> str:
    value = claims.get(label)
    if not isinstance(value, str) or not 0 < len(value.encode()) <= most_bytes:
        raise Malformed(f"credential: claim {label}")
    return value


def _time(claims: dict[Any, Any], label: int) -> int:
    value = claims.get(label)
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise Malformed(f"credential: claim {label}")
    return value


def _confirmed_key(cnf: Any) -> bytes:
    key = cnf.get(_CNF_KEY) if isinstance(cnf, dict) else None
    if not isinstance(key, dict) or key.get(_KTY) != _OKP or key.get(_CRV) != _ED25519:
        raise Malformed("credential: cnf")
    x = key.get(_X)
    if not isinstance(x, bytes) or not is_acceptable_key(x):
        raise Malformed("credential: key")
    return x
