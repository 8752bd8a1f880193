"""The pass (docs/pass.md): from the text in a QR code to a verified holder, or one reason why not.

The checks stand in the order of the page; the first that fails is the answer.
"""

from crypto import ed25519
from crypto.hmac import hmac_sha256
from micropython import const

from verify import reading
from verify.errors import Refused
from verify.registry import ALG_EDDSA

_TOLERANCE_S = const(300)  # a clock may be that much behind the issuer's
# How what is signed or tagged begins (RFC 9052 sections 4.4 and 6.3)
_SIGNED = b"\x84\x6aSignature1"
_TAGGED = b"\x84\x64MAC0"

_pass = reading.Pass()


def forget():
    """Overwrites what was read last, and its signature."""
    _pass.forget()
    ed25519.clear()


def verify(text, trust, secrets, is_revoked, now):
    """Verifies the text of a QR code as a pass.

    text: bytes-like, as scanned. One CR, LF or CRLF at its end is removed. trust: TrustList.
    secrets: has get(kid) -> 32 bytes or None, for HMAC issuers. is_revoked: function (kid, cti) ->
    bool. now: Unix seconds, or None if not known.
    Returns the one Pass that there is, good until the next call. Raises Refused with a reason of
    docs/pass.md, and nothing else.
    """
    # Few locals: a function that has many has them in the heap, each time.
    _pass.read(text)
    issuer = trust.find(_pass.kid)
    if issuer is None or issuer.alg != _pass.alg:
        raise Refused("UNKNOWN_KEY")
    _pass.issuer = issuer
    if issuer.alg == ALG_EDDSA:
        good = _is_signed(issuer.key)
    else:
        good = _is_tagged(secrets.get(issuer.kid))
    if not good:
        raise Refused("BAD_SIGNATURE")
    _check_times(_pass, issuer, now)
    if is_revoked(issuer.kid, _pass.cti):
        raise Refused("REVOKED")
    return _pass


def _is_signed(key):
    start = _pass.frame(_SIGNED)
    return ed25519.verify_in(key, reading.buffer, start, _pass.end, _pass.end + 2)


def _is_tagged(secret):
    if secret is None:
        raise Refused("UNKNOWN_KEY")
    start = _pass.frame(_TAGGED)
    return _pass.is_tag(hmac_sha256(secret, reading.view[start : _pass.end]))


def _check_times(found, issuer, now):
    if now is None:
        raise Refused("CLOCK_UNSET")
    if found.expires_at - found.issued_at > issuer.max_lifetime:
        raise Refused("LIFETIME")
    if not issuer.valid_from <= found.issued_at < issuer.valid_until:
        raise Refused("ISSUER_WINDOW")
    if now + _TOLERANCE_S < found.not_before:
        raise Refused("NOT_YET")
    if now >= found.expires_at:
        raise Refused("EXPIRED")
