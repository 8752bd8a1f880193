"""Runs vectors; on MicroPython and on CPython alike.

    micropython run_vectors.py FILE FOLDER...

FOLDER: where modules are looked for. A line of FILE is: what, then its arguments in hexadecimal
("-" is nothing), then what has to come out. Prints how many were right.
"""

import sys
from binascii import hexlify, unhexlify

sys.path[:0] = sys.argv[2:]

from crypto import ed25519, signing  # noqa: E402
from crypto.sha512 import sha512  # noqa: E402
from crypto.x25519 import x25519  # noqa: E402

OPERATIONS = {
    "verify": lambda *a: b"\x01" if ed25519.verify(*a) else b"\x00",
    "key": lambda *a: b"\x01" if ed25519.is_acceptable_key(*a) else b"\x00",
    "sign": signing.sign,
    "public": signing.public_key,
    "x25519": x25519,
    "sha512": sha512,
}


def main():
    right = 0
    with open(sys.argv[1]) as lines:
        for line in lines:
            what, *fields = line.split()
            values = [b"" if f == "-" else unhexlify(f) for f in fields]
            found = OPERATIONS[what](*values[:-1])
            if found != values[-1]:
                print("wrong:", line.strip(), hexlify(found))
                sys.exit(1)
            right += 1
    print(right)


main()
