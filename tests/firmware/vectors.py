"""Vectors of tests/vectors, for both runtimes. Started in the project's root, or by pytest."""

import json

from verify.trust import TrustList


def load(name):
    """The JSON file of this name."""
    root = __file__.rsplit("/tests/", 1)[0] if "/tests/" in __file__ else "."
    with open(root + "/tests/vectors/" + name) as file:
        return json.load(file)


def pass_world():
    """(vectors, TrustList, secrets, is_revoked) of pass-vectors.json."""
    data = load("pass-vectors.json")
    rows = []
    secrets = {}
    for row in data["trust"]:
        kid = bytes.fromhex(row["kid"])
        key = bytes.fromhex(row["public_key"]) if "public_key" in row else None
        if "secret" in row:
            secrets[kid] = bytes.fromhex(row["secret"])
        window = [row["from"], row["until"], row["max_lifetime"]]
        rows.append([kid, row["alg"], key] + window + ["issuer"])
    trust = TrustList.from_body(rows)
    revoked = [(row["kid"], row["cti"]) for row in data["revoked"]]
    return data["vectors"], trust, secrets, lambda kid, cti: (kid.hex(), cti.hex()) in revoked
