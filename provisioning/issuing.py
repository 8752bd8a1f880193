"""Makes passes, by the page (docs/pass.md) and by the rules of claiming."""

import secrets
from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning import base45, claims, cose, encoding, keys, passes
from provisioning.errors import NotAllowed, check_text

SUBJECT_BYTES = 16
CTI_BYTES = 8
MAX_ISS_BYTES = 32


class Person(NamedTuple):
    """Who the pass is for, as the issuer knows them. subject: 16 bytes."""

    subject: bytes
    name: str
    relation: int = claims.OWN
    id_number: str = ""
    birth: date | None = None


class Validity(NamedTuple):
    """Unix seconds. not_before: None for from its issue on."""

    issued_at: int
    expires_at: int
    not_before: int | None = None


class Issued(NamedTuple):
    """A pass and what it says."""

    text: str
    kid: bytes
    claims: passes.Claims


def issue(
    key: Ed25519PrivateKey | keys.HmacSecret,
    person: Person,
    validity: Validity,
    local: tzinfo,
    issuer_name: str = "",
) -> Issued:
    """Issues a pass. local: the time zone in which the day of issue is told.

    Raises NotAllowed for what the rules of claiming forbid.
    """
    day = datetime.fromtimestamp(validity.issued_at, local).date()
    _check_person(person, day)
    not_before = validity.issued_at if validity.not_before is None else validity.not_before
    claims.check_validity(validity.issued_at, not_before, validity.expires_at)
    check_text("issuer's name", issuer_name, MAX_ISS_BYTES)
    id_number = person.id_number.strip().upper()
    said = passes.Claims(
        subject=person.subject,
        relation=person.relation,
        name_hint=claims.mask_name(person.name),
        id_hint=id_number[-4:],
        cti=secrets.token_bytes(CTI_BYTES),
        issued_at=validity.issued_at,
        not_before=not_before,
        expires_at=validity.expires_at,
        issuer_name=issuer_name or None,
    )
    return Issued(_text(key, said), _kid(key), said)


def _check_person(person: Person, day: date) -> None:
    if len(person.subject) != SUBJECT_BYTES:
        raise NotAllowed(f"A subject is {SUBJECT_BYTES} bytes: {2 * SUBJECT_BYTES} hex digits.")
    if person.relation not in claims.RELATION_NAMES.values():
        raise NotAllowed("A relation is one of 0, 1, 2, 3.")
    birth = person.birth
    if person.id_number.strip():
        from_id = claims.check_id_number(person.id_number)
        if birth is not None and birth != from_id:
            raise NotAllowed("The date of birth is not the one in the ID number.")
        birth = from_id
    claims.check_relation(person.relation, birth, day)


def _kid(key: Ed25519PrivateKey | keys.HmacSecret) -> bytes:
    return key.kid if isinstance(key, keys.HmacSecret) else cose.kid_of(keys.raw_public(key))


def _text(key: Ed25519PrivateKey | keys.HmacSecret, said: passes.Claims) -> str:
    payload: dict[int, Any] = {}
    if said.issuer_name is not None:
        payload[passes.ISS] = said.issuer_name
    payload[passes.EXP] = said.expires_at
    if said.not_before != said.issued_at:
        payload[passes.NBF] = said.not_before
    payload[passes.IAT] = said.issued_at
    payload[passes.CTI] = said.cti
    payload[passes.HOLDER] = [said.subject, said.relation, said.name_hint, said.id_hint]
    encoded = encoding.encode(payload)
    alg = key.alg if isinstance(key, keys.HmacSecret) else cose.ALG_EDDSA
    header = {cose.LABEL_ALG: alg, cose.LABEL_KID: _kid(key)}
    if isinstance(key, keys.HmacSecret):
        message = cose.mac0(header, encoded, key.secret)
    else:
        message = cose.sign1(header, encoded, key)
    return passes.PREFIX + base45.encode(message)
