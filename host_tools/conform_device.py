"""Runs vectors through the device's own verification; started by `scanpost conform` as a script.

Never imported: it runs on CPython and on MicroPython, with the firmware in its path.
Standard input, one JSON a line: [folders for sys.path], {trust, revoked}, then each vector.
Standard output: a JSON answer a line.
"""

import json
import sys


def _world(data):
    from verify.trust import TrustList

    rows = []
    secrets = {}
    for row in data["trust"]:
        kid = bytes.fromhex(row["kid"])
        key = bytes.fromhex(row["public_key"]) if row.get("public_key") else None
        if row.get("secret"):
            secrets[kid] = bytes.fromhex(row["secret"])
        rows.append([kid, row["alg"], key, row["from"], row["until"], row["max_lifetime"], ""])
    trust = TrustList.from_body(rows)
    revoked = [(bytes.fromhex(row["kid"]), bytes.fromhex(row["cti"])) for row in data["revoked"]]
    return trust, secrets, revoked


def _answer(vector, trust, secrets, revoked):
    from verify import passes
    from verify.errors import Refused

    try:
        found = passes.verify(
            vector["text"].encode(),
            trust,
            secrets,
            lambda kid, cti: (bytes(kid), bytes(cti)) in revoked,
            vector["now"],
        )
    except Refused as refused:
        return {"expect": refused.reason}
    return {
        "expect": "ACCEPTED",
        "subject": found.subject.hex(),
        "relation": found.relation,
        "name_hint": found.name_hint,
        "id_hint": found.id_hint,
        "cti": found.cti.hex(),
    }


def main():
    """Answers until the input ends."""
    for folder in json.loads(sys.stdin.readline()):
        sys.path.insert(0, folder)
    trust, secrets, revoked = _world(json.loads(sys.stdin.readline()))
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        print(json.dumps(_answer(json.loads(line), trust, secrets, revoked)))


main()
