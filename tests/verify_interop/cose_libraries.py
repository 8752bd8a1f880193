"""Other people's COSE libraries at work; started by `interop` as a script, in an environment of
their own.

They need a cbor2 that the host must not have (pyproject.toml), so nothing here imports the project.
Standard input, one JSON a line: [what, its arguments as CBOR in hex]. Standard output: the answer
in the same form.
"""

import json
import sys

import cbor2
import cwt
import pass_page
from cwt import COSE, COSEKey
from pycose.keys import OKPKey, SymmetricKey
from pycose.keys.curves import Ed25519
from pycose.messages import CoseMessage

HMAC_NAMES = {5: "HMAC 256/256", 4: "HMAC 256/64"}


def issue(function, *arguments):
    """The text that a function of docs/pass.md gives."""
    return getattr(pass_page.code(), function)(*arguments)


def high_level_call(pem, kid, claims):
    """What cwt makes of claims when it is left to itself."""
    return cwt.encode(claims, COSEKey.from_pem(pem, kid=kid))


def open_with_cwt(message, alg, key, kid):
    """The payload. key: a PEM (alg -8), else a secret. Raises what cwt raises."""
    if alg == -8:
        cose_key = COSEKey.from_pem(key, kid=kid)
    else:
        cose_key = COSEKey.from_symmetric_key(key, alg=HMAC_NAMES[alg], kid=kid)
    return COSE.new(verify_kid=True).decode(message, cose_key)


def open_with_pycose(message, alg, key):
    """The payload, None if it is not genuine. key: the public one's 32 bytes, else a secret."""
    decoded = CoseMessage.decode(message)
    decoded.key = OKPKey(crv=Ed25519, x=key) if alg == -8 else SymmetricKey(k=key)
    is_genuine = decoded.verify_signature() if alg == -8 else decoded.verify_tag()
    return decoded.payload if is_genuine else None


def claims_with_cwt(token, public_key, kid):
    """The claims of a CWT. public_key: Ed25519, 32 bytes. Raises what cwt raises."""
    return cwt.CWT().decode(token, COSEKey.new({1: 1, -1: 6, -2: public_key, 3: -8, 2: kid}))


CALLS = (issue, high_level_call, open_with_cwt, open_with_pycose, claims_with_cwt)
FUNCTIONS = {each.__name__: each for each in CALLS}

for line in sys.stdin:
    what, arguments = json.loads(line)
    answer = FUNCTIONS[what](*cbor2.loads(bytes.fromhex(arguments)))
    print(json.dumps(cbor2.dumps(answer).hex()), flush=True)
