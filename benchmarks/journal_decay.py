"""What decay in flash costs: registrations lost by one flipped bit, and by one lost sector.

The image is the firmware's own journal's, sealed with real keys in a ring of 1 MB; after each flip
the host reads and opens it as `scanpost journal` does. Each kind of field is flipped in turn, at a
place drawn at random: in a sector's header and in a record.

    bit_flip_mean, bit_flip_max        registrations lost by a flipped bit, its own record included
    sector_loss_mean, sector_loss_max  registrations lost by a lost sector beyond those in it; the
                                       mean is of the sectors that hold records
    bit_flips_tried, sectors_tried     how many of each; a lost sector reads 0xFF, then 0x00
"""

import os
import random
import statistics
from concurrent.futures import ProcessPoolExecutor

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from journal import bodies

from host_tools.journal import image, records
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed, subject

REGISTRATIONS = 1500
TUBE_PEOPLE = 10
RESTART_REGISTRATIONS = 700
REFUSALS_REGISTRATIONS = 40
SECTORS = 256
_SLOT = image.SLOT_BYTES
# Fields of a sector's header: (name, offset, bytes); docs/journal.md
_HEADER_FIELDS = (
    *(("magic", 0, 4), ("first", 4, 4), ("epoch and people", 8, 4), ("acknowledged", 12, 4)),
    *(("released", 16, 4), ("tube", 20, 4), ("chain", 24, 24), ("tag key", 48, 12)),
    ("check", 60, 4),
)


class Written:
    """A journal's image and what opens it."""

    def __init__(self, people=REGISTRATIONS):
        sealed = Sealed(SECTORS)
        for number in range(people):
            minute = NOON + 15 * number
            if number % TUBE_PEOPLE == 0:
                tube = f"T{number // TUBE_PEOPLE:07}"
                sealed.journal.append(bodies.TUBE_OPENED, minute, [tube, 77])
            payload = [subject(number), b"cti-8 by", 3, 1, number % TUBE_PEOPLE + 1, 77]
            sealed.journal.append(bodies.REGISTRATION, minute, payload)
            sealed.journal.idle(minute)
            if number % REFUSALS_REGISTRATIONS == 0:
                counts = [["EXPIRED", 2], ["DUPLICATE", 3]]
                sealed.journal.append(bodies.REFUSALS, minute, [counts, 540])
            if number % RESTART_REGISTRATIONS == RESTART_REGISTRATIONS - 1:
                sealed.restart()
                sealed.journal.append(bodies.BOOT, minute, [1, "0.1.0"])
        self.key = sealed.identity.public_key
        # As bytes, which another process can be given
        self._collection_keys = {kid: key.private_bytes_raw() for kid, key in sealed.keys.items()}
        self.data = b"".join(bytes(sector) for sector in sealed.flash.cells)
        self.people = self.read(self.data)
        assert len(self.people) == people

    def read(self, data):
        """What the host makes of an image: the registrations that count, by number."""
        found = image.read(data)
        keys = {
            kid: X25519PrivateKey.from_private_bytes(key)
            for kid, key in self._collection_keys.items()
        }
        opened = image.open_records(found, DEVICE, self.key, keys)
        return {
            one.record.sequence: one.content
            for one in opened
            if isinstance(one.content, records.Registration) and one.is_verified
        }

    def lost(self, data):
        """The numbers that are not told any more. What is told must be true."""
        found = self.read(data)
        assert all(self.people.get(number) == said for number, said in found.items())
        return self.people.keys() - found.keys()

    def of_sector(self, sector):
        """The records in a sector."""
        start = sector * image.SECTOR_BYTES
        return image.read(self.data[start : start + image.SECTOR_BYTES]).records


def fields(data):
    """By name, the places (byte, bytes) of all fields in an image that say something."""
    found = {}
    for sector in range(len(data) // image.SECTOR_BYTES):
        start = sector * image.SECTOR_BYTES
        if data[start : start + 4] != image.MAGIC or data[start + 4 : start + 8] == b"\xff" * 4:
            continue
        for name, at, size in _HEADER_FIELDS:
            found.setdefault("sector's " + name, []).append((start + at, size))
        slot = 1
        while slot < image.SLOTS:
            at = start + slot * _SLOT
            length = data[at]
            try:
                record = records.parse(data[at : at + length])
            except records.RecordError:
                slot += 1
                continue
            kind = "epoch's " if record.type == records.EPOCH else ""
            clear, end = len(record.clear), len(record.head)
            for name, offset, size in (
                *(("length", 0, 1), ("type", 1, 1), ("clear length", 2, 1), ("number", 3, 4)),
                *(("minute", 7, 4), ("clear part", 11, clear)),
                *(("sealed part", end, length - end - 4), ("check", length - 4, 4)),
            ):
                if size:
                    found.setdefault(kind + name, []).append((at + offset, size))
            slot += -(-length // _SLOT)
    return found


def flips(data, count):
    """Places (byte, mask): as many of each field."""
    dice = random.Random(12)
    by_name = fields(data)
    found = []
    while len(found) < count:
        for name in sorted(by_name):
            at, size = dice.choice(by_name[name])
            found.append((at + dice.randrange(size), 1 << dice.randrange(8)))
    return found


def _flipped(written, places):
    lost = []
    for at, mask in places:
        data = bytearray(written.data)
        data[at] ^= mask
        lost.append(len(written.lost(bytes(data))))
    return lost


def _without(written, sectors):
    lost = []
    for sector in sectors:
        start = sector * image.SECTOR_BYTES
        own = {record.sequence for record in written.of_sector(sector)}
        for byte in (b"\xff", b"\x00"):
            data = bytearray(written.data)
            data[start : start + image.SECTOR_BYTES] = byte * image.SECTOR_BYTES
            if data != written.data:  # a blank sector is not changed by reading 0xFF
                lost.append((len(written.lost(bytes(data)) - own), bool(own)))
    return lost


def _shared(work, written, what):
    """The work's results, done by as many processes as there are cores."""
    cores = os.cpu_count() or 1
    parts = [what[start::cores] for start in range(cores)]
    with ProcessPoolExecutor(cores) as pool:
        done = list(pool.map(work, [written] * len(parts), parts))
    return [one for part in done for one in part]


def figures(flips_tried, people=REGISTRATIONS):
    """The figures as --json prints them."""
    written = Written(people)
    sectors = list(range(len(written.data) // image.SECTOR_BYTES))
    by_flip = _shared(_flipped, written, flips(written.data, flips_tried))
    by_sector = _shared(_without, written, sectors)
    # Sectors that hold nothing cost nothing: they are tried, and left out of the mean.
    in_use = [lost for lost, is_in_use in by_sector if is_in_use]
    return {
        "bit_flip_mean": round(statistics.mean(by_flip), 4),
        "bit_flip_max": max(by_flip),
        "sector_loss_mean": round(statistics.mean(in_use), 4),
        "sector_loss_max": max(lost for lost, _ in by_sector),
        "bit_flips_tried": len(by_flip),
        "sectors_tried": len(sectors),
    }
