"""The pass (docs/pass.md): from the text in a QR code to a verified holder, or one reason why not.

The checks stand in the order of the page; the first that fails is the answer.
"""

from collections import namedtuple

from micropython import const

from verify import base45, cbor, cose
from verify.errors import Malformed, Refused

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
    cose.TAG_SIGN1: {cose.ALG_EDDSA: 64},
    cose.TAG_MAC0: {cose.ALG_HMAC_256_256: 32, cose.ALG_HMAC_256_64: 8},
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


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _without_line_end(line):
    if line[-2:] == b"\r\n":
        return line[:-2]
    if line[-1:] in (b"\r", b"\n"):
        return line[:-1]
    return line


def _read_message(line):
    line = _without_line_end(line)
    if len(line) > _MAX_TEXT_BYTES or line[:4] != _PREFIX:
        raise Malformed("pass: prefix or length")
    return cose.Message(base45.decode(line[4:], _MAX_CBOR_BYTES))


def _read_header(message):
    """(alg, kid), each of the right type. Raises Malformed or Refused."""
    if message.tag not in _ALGS:
        raise Refused("UNSUPPORTED")
    header = message.header()
    for label in header:
        if label not in (cose.LABEL_ALG, cose.LABEL_KID):
            raise Refused("UNSUPPORTED")
    alg = header.get(cose.LABEL_ALG)
    if _is_integer(alg) and alg not in _ALGS[message.tag]:
        raise Refused("UNSUPPORTED")
    kid = header.get(cose.LABEL_KID)
    if not _is_integer(alg) or not isinstance(kid, bytes) or len(kid) != cose.KID_BYTES:
        raise Malformed("pass: alg or kid")
    return alg, kid


def _time(claims, key):
    value = claims[key]
    if not _is_integer(value) or not 0 <= value < 1 << 32:
        raise Malformed("pass: time")
    return value


def _text(value, least_bytes, most_bytes):
    if not isinstance(value, str) or not least_bytes <= len(value.encode()) <= most_bytes:
        raise Malformed("pass: text")
    return value


def _read_claims(payload, kid):
    claims = cbor.decode(payload)
    if not isinstance(claims, dict):
        raise Malformed("pass: payload")
    for key in (_IAT, _EXP, _CTI, _HOLDER):
        if key not in claims:
            raise Malformed("pass: claim absent")
    issued_at = _time(claims, _IAT)
    expires_at = _time(claims, _EXP)
    not_before = _time(claims, _NBF) if _NBF in claims else issued_at
    if not issued_at <= not_before < expires_at:
        raise Malformed("pass: order of times")
    cti = claims[_CTI]
    if not isinstance(cti, bytes) or not 8 <= len(cti) <= 16:
        raise Malformed("pass: cti")
    if _ISS in claims:
        _text(claims[_ISS], 0, 32)
    holder = claims[_HOLDER]
    if not isinstance(holder, list) or len(holder) != 4:
        raise Malformed("pass: holder")
    subject, relation, name_hint, id_hint = holder
    if not isinstance(subject, bytes) or len(subject) != 16:
        raise Malformed("pass: subject")
    if not _is_integer(relation) or not 0 <= relation <= 3:
        raise Malformed("pass: relation")
    _text(name_hint, 1, 48)
    _text(id_hint, 0, 8)
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
    if issuer.alg == cose.ALG_EDDSA:
        good = message.is_signed_by(issuer.key)
    else:
        secret = secrets.get(issuer.kid)
        if secret is None:
            raise Refused("UNKNOWN_KEY")
        good = message.is_tagged_with(secret, _ALGS[cose.TAG_MAC0][issuer.alg])
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
            raise Malformed("pass: signature")
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
