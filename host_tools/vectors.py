"""Files of pass vectors (the format of tests/vectors/pass-vectors.json), and the host's answers."""

from typing import Any, NamedTuple

from provisioning import cose, passes
from provisioning.errors import FileProblem, Malformed, Refused
from provisioning.trust import Issuer, TrustList

# What an accepted vector may tell besides; what it does not name is not compared.
DETAILS = ("subject", "relation", "name_hint", "id_hint", "cti")


class Vector(NamedTuple):
    """A text, the time (Unix seconds, None: unknown), and what must come of it."""

    name: str
    text: str
    now: int | None
    expected: dict[str, Any]


class VectorFile(NamedTuple):
    """Trust list, secrets by kid, revoked (kid, cti), vectors."""

    trust: TrustList
    secrets: dict[bytes, bytes]
    revoked: frozenset[tuple[bytes, bytes]]
    vectors: list[Vector]

    @classmethod
    def from_json(cls, data: Any) -> "VectorFile":
        """From the parsed JSON. Raises FileProblem."""
        place = "the file"
        try:
            rows, secrets = [], {}
            for number, row in enumerate(data["trust"]):
                place = f"trust, entry {number}"
                issuer = _issuer(row)
                rows.append(issuer.row())
                if "secret" in row:
                    secrets[issuer.kid] = _hex(row["secret"], 32)
            trust = TrustList.from_body(rows)
            place = "revoked"
            revoked = frozenset(
                (_hex(row["kid"], 8), bytes.fromhex(row["cti"])) for row in data.get("revoked", [])
            )
            vectors = []
            for number, row in enumerate(data["vectors"]):
                place = f"vectors, entry {number}"
                vectors.append(_vector(row))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise FileProblem(
                f"This is no file of vectors: {place}: {what}. "
                "It needs trust, revoked and vectors, as tests/vectors/pass-vectors.json has them."
            ) from error
        return cls(trust, secrets, revoked, vectors)


def answer(file: VectorFile, vector: Vector) -> dict[str, Any]:
    """What the host's code says of a vector: `expect`, and the details of an accepted pass."""
    try:
        found = passes.verify(
            vector.text.encode(),
            file.trust,
            file.secrets,
            lambda kid, cti: (kid, cti) in file.revoked,
            vector.now,
        )
    except Refused as refused:
        return {"expect": refused.reason} | ({"rule": refused.rule} if refused.rule else {})
    claims = found.claims
    return {
        "expect": "ACCEPTED",
        "subject": claims.subject.hex(),
        "relation": claims.relation,
        "name_hint": claims.name_hint,
        "id_hint": claims.id_hint,
        "cti": claims.cti.hex(),
    }


def _hex(text: str, size: int) -> bytes:
    data = bytes.fromhex(text)
    if len(data) != size:
        raise Malformed(f"{text} is not {size} bytes")
    return data


def _issuer(row: dict[str, Any]) -> Issuer:
    ed25519 = row["alg"] == cose.ALG_EDDSA
    return Issuer(
        kid=_hex(row["kid"], 8),
        alg=row["alg"],
        key=_hex(row["public_key"], 32) if ed25519 else None,
        valid_from=row["from"],
        valid_until=row["until"],
        max_lifetime=row["max_lifetime"],
        name=row.get("name", ""),
    )


def _vector(row: dict[str, Any]) -> Vector:
    name, text, now = row["name"], row["text"], row.get("now")
    if not isinstance(name, str) or not isinstance(text, str):
        raise Malformed("name and text must be texts")
    (name + text).encode()  # a lone surrogate, which JSON can write, is no character
    if now is not None and type(now) is not int:
        raise Malformed("now must be Unix seconds, or null for a clock that is not set")
    expected = {"expect": row["expect"]} | {key: row[key] for key in DETAILS if key in row}
    return Vector(name, text, now, expected)
