"""Run by MicroPython: prints `name microseconds` for each of the implementations compared.

Arguments: folders of these benchmarks, of the firmware, and of micropython-lib's _sha512 if there.
"""

import sys
import time

sys.path[:0] = [sys.argv[1], sys.argv[2]]

from crypto import ed25519, preparation, signing  # noqa: E402
from crypto.sha512 import sha512  # noqa: E402
from crypto.x25519 import x25519  # noqa: E402
from reference import affine, extended  # noqa: E402
from reference.sha512 import sha512 as plain_sha512  # noqa: E402

SEED = bytes(range(32))
MESSAGE = bytes(145)
BLOCKS = bytes(1280)


class Table:
    """Rows of a key in RAM."""

    def __init__(self):
        self.rows = bytearray(128 * 128)

    def write(self, index, row):
        self.rows[128 * index : 128 * index + 128] = row

    def read(self, index, view):
        view[:] = self.rows[128 * index : 128 * index + len(view)]


def report(name, function, least_us=300_000):
    """Repeats until it has taken a while."""
    function()
    count = 0
    start = time.ticks_us()
    while True:
        function()
        count += 1
        taken = time.ticks_diff(time.ticks_us(), start)
        if taken > least_us:
            break
    print(name, taken / count)


public = signing.public_key(SEED)
signature = signing.sign(SEED, MESSAGE)
table = Table()
preparation.prepare(public, table.write)


def good(verified):
    if not verified:
        raise SystemExit("a good signature was refused")


report("verify", lambda: good(ed25519.verify(public, MESSAGE, signature)))
report("verify_prepared", lambda: good(ed25519.verify(public, MESSAGE, signature, table)))
report("sign", lambda: signing.sign(SEED, MESSAGE))
report("x25519", lambda: x25519(SEED, public))
report("sha512", lambda: sha512(BLOCKS))
report("plain_sha512", lambda: plain_sha512(BLOCKS))
if len(sys.argv) > 3:
    sys.path.append(sys.argv[3])
    from _sha512 import sha512 as lib_sha512

    if lib_sha512(BLOCKS).digest() != sha512(BLOCKS):
        raise SystemExit("the two SHA-512 differ")
    report("micropython_lib_sha512", lambda: lib_sha512(BLOCKS).digest())
report("big_integers", lambda: good(extended.verify(public, MESSAGE, signature)))
report("textbook", lambda: good(affine.verify(public, MESSAGE, signature)), 0)
