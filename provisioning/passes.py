"""The pass (docs/pass.md) as a reader sees it: verified, or refused with the page's reason."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from provisioning import base45, cose, encoding
from provisioning.errors import Malformed, Refused
from provisioning.trust import Issuer, TrustList

PREFIX = "SP1:"
MAX_TEXT = 512
TOLERANCE_S = 300  # a reader's clock may be that much behind the issuer's

ISS, EXP, NBF, IAT, CTI, HOLDER = 1, 4, 5, 6, 7, -65537
_NAMES = {EXP: "exp", NBF: "nbf", IAT: "iat"}

_SIGNATURE_BYTES = {
    cose.TAG_SIGN1: {cose.ALG_EDDSA: 64},
    cose.TAG_MAC0: cose.HMAC_TAG_BYTES,
}


class Claims(NamedTuple):
    """What a pass says. Times in Unix seconds; subject 16 bytes, cti 8 to 16."""

    subject: bytes
    relation: int
    name_hint: str
    id_hint: str
    cti: bytes
    issued_at: int
    not_before: int
    expires_at: int
    issuer_name: str | None


class Unverified(NamedTuple):
    """A pass that keeps the page's form; who made it is not checked."""

    message: cose.Message
    alg: int
    kid: bytes
    claims: Claims


class Pass(NamedTuple):
    """A pass that a reader accepts."""

    kid: bytes
    issuer: Issuer
    claims: Claims


def read(text: str | bytes) -> Unverified:
    """Takes the text of a QR code apart. Raises Refused: MALFORMED or UNSUPPORTED."""
    try:
        message = cose.Message.parse(_cbor_of(text))
        alg, kid = _read_header(message)
        if len(message.signature) != _SIGNATURE_BYTES[message.tag][alg]:
            raise Malformed("signature: not of its algorithm's length")
        return Unverified(message, alg, kid, _read_claims(message.payload))
    except Malformed as error:
        raise Refused("MALFORMED", str(error)) from error


def verify(
    text: str | bytes,
    trust: TrustList,
    secrets: Mapping[bytes, bytes],
    is_revoked: Callable[[bytes, bytes], bool],
    now: int | None,
) -> Pass:
    """What a reader says of the text of a QR code.

    secrets: of HMAC issuers, 32 bytes by kid. is_revoked: of (kid, cti). now: Unix seconds, or
    None where the time is not known. Raises Refused with a reason of docs/pass.md.
    """
    message, alg, kid, claims = read(text)
    issuer = trust.find(kid)
    if issuer is None or issuer.alg != alg:
        raise Refused("UNKNOWN_KEY")
    if issuer.key is not None:
        good = message.is_signed_by(issuer.key)
    else:
        secret = secrets.get(kid)
        if secret is None:
            raise Refused("UNKNOWN_KEY")
        good = message.is_tagged_with(secret, alg)
    if not good:
        raise Refused("BAD_SIGNATURE")
    _check_times(claims, issuer, now)
    if is_revoked(kid, claims.cti):
        raise Refused("REVOKED")
    return Pass(kid, issuer, claims)


def _cbor_of(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        try:
            text = text.decode("ascii")
        except UnicodeDecodeError as error:
            raise Malformed("text: a character that is not ASCII") from error
    for line_end in ("\r\n", "\r", "\n"):
        if text.endswith(line_end):
            text = text.removesuffix(line_end)
            break
    if not text.startswith(PREFIX):
        raise Malformed(f"text: does not begin with {PREFIX}")
    if len(text) > MAX_TEXT:
        raise Malformed(f"text: longer than {MAX_TEXT} characters")
    return base45.decode(text.removeprefix(PREFIX))


def _read_header(message: cose.Message) -> tuple[int, bytes]:
    if message.tag not in _SIGNATURE_BYTES:
        raise Refused("UNSUPPORTED")
    header = message.header()
    if any(label not in (cose.LABEL_ALG, cose.LABEL_KID) for label in header):
        raise Refused("UNSUPPORTED")
    alg, kid = header.get(cose.LABEL_ALG), header.get(cose.LABEL_KID)
    if type(alg) is int and alg not in _SIGNATURE_BYTES[message.tag]:
        raise Refused("UNSUPPORTED")
    if type(alg) is not int or not isinstance(kid, bytes) or len(kid) != cose.KID_BYTES:
        raise Malformed("protected header: alg no number, or kid not 8 bytes")
    return alg, kid


def _read_claims(payload: bytes) -> Claims:
    claims = encoding.decode(payload)
    if not isinstance(claims, dict):
        raise Malformed("claims: not a map")
    issued_at, expires_at = _time(claims, IAT), _time(claims, EXP)
    not_before = _time(claims, NBF) if NBF in claims else issued_at
    if not issued_at <= not_before < expires_at:
        raise Malformed("claims: iat, nbf, exp not in their order")
    holder = claims.get(HOLDER)
    if not isinstance(holder, list) or len(holder) != 4:
        raise Malformed("holder: not an array of four")
    subject, relation, name_hint, id_hint = holder
    if type(relation) is not int or not 0 <= relation <= 3:
        raise Malformed("holder: relation not 0 to 3")
    return Claims(
        subject=_sized("holder: subject", subject, bytes, 16, 16),
        relation=relation,
        name_hint=_sized("holder: name_hint", name_hint, str, 1, 48),
        id_hint=_sized("holder: id_hint", id_hint, str, 0, 8),
        cti=_sized("claims: cti", claims.get(CTI), bytes, 8, 16),
        issued_at=issued_at,
        not_before=not_before,
        expires_at=expires_at,
        issuer_name=_sized("claims: iss", claims[ISS], str, 0, 32) if ISS in claims else None,
    )


def _time(claims: dict[Any, Any], key: int) -> int:
    value = claims.get(key)
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise Malformed(f"claims: {_NAMES[key]} is no number of seconds below 2^32")
    return value


def _sized(
    what: str, value: Any, kind: type[bytes] | type[str], least_bytes: int, most_bytes: int
) -> Any:
    size = len(value.encode() if isinstance(value, str) else value) if type(value) is kind else -1
    if not least_bytes <= size <= most_bytes:
        form = "a text" if kind is str else "a byte string"
        raise Malformed(f"{what} is not {form} of {least_bytes} to {most_bytes} bytes")
    return value


def _check_times(claims: Claims, issuer: Issuer, now: int | None) -> None:
    if now is None:
        raise Refused("CLOCK_UNSET")
    if claims.expires_at - claims.issued_at > issuer.max_lifetime:
        raise Refused("LIFETIME")
    if not issuer.valid_from <= claims.issued_at < issuer.valid_until:
        raise Refused("ISSUER_WINDOW")
    if now < claims.not_before - TOLERANCE_S:
        raise Refused("NOT_YET")
    if now >= claims.expires_at:
        raise Refused("EXPIRED")
