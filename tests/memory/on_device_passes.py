"""As on_device.py, but from the text of a QR code on: each pass is verified, then registered.

micropython on_device_passes.py FLASH SEED LINES COLLECTION_KEY TRUST SECRETS SCRUB
"""

import sys

sys.path[:] = ["firmware", "tests/memory", ".frozen"]

from journal import bodies  # noqa: E402
from journal_on_file import NOON, started  # noqa: E402
from scrub import scrub  # noqa: E402
from verify import cbor, passes  # noqa: E402
from verify.errors import Refused  # noqa: E402
from verify.trust import TrustList  # noqa: E402

_MAX_LINE_BYTES = 512


def decoded(path):
    with open(path, "rb") as file:
        return cbor.decode(file.read())


def register(journal, trust, secrets, line, position):
    """What the application does with a line; True if it was a good pass."""
    try:
        a_pass = passes.verify(line, trust, secrets, lambda kid, cti: False, NOON)
    except Refused:
        return False
    if journal.seen_subject(a_pass.subject) is not None:
        return False
    payload = [a_pass.subject, a_pass.cti[:8], 3, a_pass.relation, position, 77]
    journal.append(bodies.REGISTRATION, NOON, payload)
    return True


def register_all(journal, trust, secrets, path):
    """Lines from a file, each behind its length in two bytes, as a scanner gives them: bytes."""
    buffer = bytearray(_MAX_LINE_BYTES)
    size = bytearray(2)
    count = good = 0
    with open(path, "rb") as file:
        while file.readinto(size):
            view = memoryview(buffer)[: size[0] << 8 | size[1]]
            file.readinto(view)
            good += register(journal, trust, secrets, bytes(view), count % 10 + 1)
            count += 1
            buffer[:] = bytes(_MAX_LINE_BYTES)
            while journal.idle(NOON):
                pass
    return good


def main(flash, seed, lines, collection, trust, secrets, is_scrubbed):
    journal = started(flash, seed, bytes.fromhex(collection))
    trust = TrustList.from_body(decoded(trust))
    kid, secret = decoded(secrets)
    good = register_all(journal, trust, {kid: secret}, lines)
    if int(is_scrubbed):
        scrub()
    print("ready", good)
    sys.stdin.readline()
    return journal


main(*sys.argv[1:])
