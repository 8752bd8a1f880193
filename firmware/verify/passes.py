"""The pass (docs/pass.md): from the text in a QR code to a verified holder, or one reason why not.

The checks stand in the order of the page; the first that fails is the answer.
"""

from collections import namedtuple

from micropython import const

from verify import base45, cbor, cose
from verify.errors import Malformed, Refused

# as in verify/cose.py
_TAG_MAC0 = const(17)
_TAG_SIGN1 = const(18)
_LABEL_ALG = const(1)
_LABEL_KID = const(4)
_ALG_EDDSA = const(-8)
_ALG_HMAC_256_64 = const(4)
_ALG_HMAC_256_256 = const(5)
_KID_BYTES = const(8)

_PREFIX = b"SP1:"
_MAX_TEXT_BYTES = const(512)
_MAX_CBOR_BYTES = const(340)  # what 508 characters of Base45 hold, and a little
_TOLERANCE_S = const(300)  # a clock may be that much behind the issuer's

_ISS = const(1)
_EXP = const(4)
_NBF = const(5)
_IAT = const(6)
_CTI = const(7)
_HOLDER = const(-65537)

# Bytes of signature or tag, by the algorithms that belong to a message's tag.
_ALGS = {
    _TAG_SIGN1: {_ALG_EDDSA: 64},
    _TAG_MAC0: {_ALG_HMAC_256_256: 32, _ALG_HMAC_256_64: 8},
}

Pass = namedtuple(
    "Pass",
    (
        "kid",
        "issuer",
        "subject",
        "relation",
        "name_hint",
        "id_hint",
        "cti",
        "issued_at",
        "not_before",
        "expires_at",
    ),
)


def _without_line_end(line):
    if line[-2:] == b"\r\n":
        return line[:-2]
    if line[-1:] in (b"\r", b"\n"):
        return line[:-1]
    return line


def _read_message(line):
    line = _without_line_end(line)
    if len(line) > _MAX_TEXT_BYTES or line[:4] != _PREFIX:
        raise Malformed
    return cose.Message(base45.decode(line[4:], _MAX_CBOR_BYTES))


def _read_header(message):
    """(alg, kid), each of the right type. Raises Malformed or Refused."""
    if message.tag not in _ALGS:
        raise Refused("UNSUPPORTED")
    header = message.header()
    for label in header:
        if label not in (_LABEL_ALG, _LABEL_KID):
            raise Refused("UNSUPPORTED")
    alg = header.get(_LABEL_ALG)
    if not isinstance(alg, int) or isinstance(alg, bool):
        raise Malformed
    if alg not in _ALGS[message.tag]:
        raise Refused("UNSUPPORTED")
    kid = header.get(_LABEL_KID)
    if not cbor.is_bytes(kid, _KID_BYTES):
        raise Malformed
    return alg, kid


def _time(claims, key):
    value = claims[key]
    if not cbor.is_uint(value):
        raise Malformed
    return value


def _read_claims(payload, kid):
    claims = cbor.decode(payload)
    if not isinstance(claims, dict):
        raise Malformed
    for key in (_IAT, _EXP, _CTI, _HOLDER):
        if key not in claims:
            raise Malformed
    issued_at = _time(claims, _IAT)
    expires_at = _time(claims, _EXP)
    not_before = _time(claims, _NBF) if _NBF in claims else issued_at
    if not issued_at <= not_before < expires_at:
        raise Malformed
    cti = claims[_CTI]
    if not cbor.is_bytes(cti, 8, 16):
        raise Malformed
    if not cbor.is_text(claims.get(_ISS, ""), 0, 32):
        raise Malformed
    holder = claims[_HOLDER]
    if not cbor.is_list(holder, 4):
        raise Malformed
    subject, relation, name_hint, id_hint = holder
    if not cbor.is_bytes(subject, 16) or not cbor.is_uint(relation, 2):
        raise Malformed
    if not cbor.is_text(name_hint, 1, 48) or not cbor.is_text(id_hint, 0, 8):
        raise Malformed
    return Pass(
        kid,
        None,
        subject,
        relation,
        name_hint,
        id_hint,
        cti,
        issued_at,
        not_before,
        expires_at,
    )


def _check_signature(message, issuer, secrets):
    if issuer.alg == _ALG_EDDSA:
        good = message.is_signed_by(issuer.key)
    else:
        secret = secrets.get(issuer.kid)
        if secret is None:
            raise Refused("UNKNOWN_KEY")
        good = message.is_tagged_with(secret, _ALGS[_TAG_MAC0][issuer.alg])
    if not good:
        raise Refused("BAD_SIGNATURE")


def _check_times(a_pass, issuer, now):
    if now is None:
        raise Refused("CLOCK_UNSET")
    if a_pass.expires_at - a_pass.issued_at > issuer.max_lifetime:
        raise Refused("LIFETIME")
    if not issuer.valid_from <= a_pass.issued_at < issuer.valid_until:
        raise Refused("ISSUER_WINDOW")
    if now < a_pass.not_before - _TOLERANCE_S:
        raise Refused("NOT_YET")
    if now >= a_pass.expires_at:
        raise Refused("EXPIRED")


def verify(line, trust, secrets, is_revoked, now):
    """Verifies the text of a QR code as a pass.

    line: bytes as scanned; one CR, LF or CRLF at its end is removed.
    trust: TrustList. secrets: has get(kid) -> 32 bytes or None, for HMAC issuers.
    is_revoked: function (kid, cti) -> bool. now: Unix seconds, or None if not known.
    Returns a Pass. Raises Refused with a reason of docs/pass.md, and nothing else.
    """
    try:
        message = _read_message(line)
        alg, kid = _read_header(message)
        if len(message.signature) != _ALGS[message.tag][alg]:
            raise Malformed
        a_pass = _read_claims(message.payload, kid)
    except Malformed:
        raise Refused("MALFORMED") from None
    issuer = trust.find(kid)
    if issuer is None or issuer.alg != alg:
        raise Refused("UNKNOWN_KEY")
    _check_signature(message, issuer, secrets)
    _check_times(a_pass, issuer, now)
    if is_revoked(kid, a_pass.cti):
        raise Refused("REVOKED")
    return Pass(kid, issuer, *a_pass[2:])
