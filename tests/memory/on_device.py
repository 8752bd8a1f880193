"""What the process does whose memory is looked through: MicroPython, with the firmware's modules.

    micropython on_device.py FLASH SEED PEOPLE COLLECTION_KEY COUNT

Says "ready" when all are registered, waits for a line, closes two shifts, says "closed".
What comes in is read into one buffer, which is overwritten.
"""

import sys

sys.path[:] = ["firmware", "tests/memory", ".frozen"]

from journal import bodies  # noqa: E402
from journal_on_file import NOON, started  # noqa: E402


def register_all(journal, path, count):
    """Subjects of 16 bytes and cti of 8 from a file, as many as it is told."""
    entry = bytearray(24)
    view = memoryview(entry)
    with open(path, "rb") as file:
        for number in range(count):
            file.readinto(entry)
            journal.seen_subject(view[:16])
            payload = [view[:16], view[16:], 3, 1, number % 10 + 1, 77]
            journal.append(bodies.REGISTRATION, NOON, payload)
            entry[:] = bytes(24)
            journal.idle(NOON)


def main(flash, seed, path, collection, count):
    journal = started(flash, seed, bytes.fromhex(collection))
    register_all(journal, path, int(count))
    print("ready")
    sys.stdin.readline()
    # Twice: what acknowledged the first shift lies in a sector of that shift.
    for _ in range(2):
        last = journal.next_sequence - 1
        journal.acknowledge(last, journal.chain_at(last), NOON)
        journal.close_shift(NOON)
        while journal.idle(NOON):
            pass
    print("closed")
    sys.stdin.readline()
    return journal


main(*sys.argv[1:])
