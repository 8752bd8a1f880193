"""What the sealed journal asks of its flash, beside the same records on littlefs.

    python benchmarks/journal.py [--json] [--rounds N] [--kilobytes N] [--flips N]

Both run on the same model of a NOR chip (simulator/nor_flash.py), in a partition of 1 MB. The
workload is that of shifts: mostly registrations, tubes opened and closed, refusals every ten
minutes, restarts, pulls that are acknowledged, shifts closed, idle steps in between, until the ring
has gone round a few times. littlefs, set up as MicroPython does it, gets the very records that the
journal sealed: one file a shift, synced after each record, removed when the shift is closed.

    programmed_ratio        bytes programmed / bytes of sealed records
    erase_spread            erases of the most worn sector minus those of the least worn
    bytes_per_registration  bytes programmed to append one (median)
    boot_read_fraction      of a full 1 MB, read from power on until its record is written
    erases_per_1000         erases for 1000 registrations

What decay costs, bit_flip_mean to sector_loss_max, is in benchmarks/journal_decay.py.
"""

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [
    str(ROOT / folder)
    for folder in (".", "firmware", "simulator/standins", "tests/firmware", "benchmarks")
]

import device_time  # noqa: E402, F401 - gives CPython the ticks of MicroPython
import journal_decay  # noqa: E402
from journal import JournalFull, bodies, opening  # noqa: E402
from journal.journal import Journal  # noqa: E402

from simulator.littlefs_volume import Volume  # noqa: E402
from simulator.nor_flash import SECTOR_BYTES, NorFlash  # noqa: E402

LIMITS = {
    "programmed_ratio": 1.1,
    "erase_spread": 1,
    "bytes_per_registration": 64,
    "boot_read_fraction": 0.03,
}
DECAY_LIMITS = {
    "bit_flip_mean": 0.05,
    "bit_flip_max": 1,
    "sector_loss_mean": 0.05,
    "sector_loss_max": 1,
}
FLIPS = 2000
FULL_BYTES = 1 << 20
ROUNDS = 3
SHIFT_REGISTRATIONS = 1500
TUBE_PEOPLE = 10
MINUTE_REGISTRATIONS = 4  # a queue that does not end
REFUSALS_MINUTES = 10
PULL_REGISTRATIONS = 500
RESTART_REGISTRATIONS = 700  # twice a shift: a battery is changed
BOOT_RECORD_BYTES = 30
TAIL_BYTES = 4096  # what is read of a file to find the open tube in it


class CountingChip:
    """A NorFlash that counts; for the journal a partition, for littlefs the CPU's flash."""

    def __init__(self, size):
        self._folder = tempfile.TemporaryDirectory()
        self._flash = NorFlash(str(Path(self._folder.name) / "flash"), size)
        self.programmed_bytes = 0
        self.read_bytes = 0

    def close(self):
        self._flash.close()
        self._folder.cleanup()

    @property
    def erases(self):
        """How many erases there were of each sector."""
        return self._flash.erases_of_sector

    def flash_read(self, address, count):
        self.read_bytes += count
        return self._flash.read(address, count)

    def flash_program(self, address, data):
        self.programmed_bytes += len(data)
        self._flash.program(address, data)

    def flash_erase(self, address):
        self._flash.erase(address)

    def readblocks(self, block, buffer, offset=0):
        buffer[:] = self.flash_read(block * SECTOR_BYTES + offset, len(buffer))

    def writeblocks(self, block, data, offset):
        self.flash_program(block * SECTOR_BYTES + offset, data)

    def ioctl(self, operation, block):
        if operation == 4:
            return self._flash.size // SECTOR_BYTES
        if operation == 5:
            return SECTOR_BYTES
        self.flash_erase(block * SECTOR_BYTES)
        return 0


class FreeCrypto:
    """Stands in for the curves, which do not change what is written, only how long it takes.

    As an identity it signs with zeros; as `crypto.hpke` it hashes.
    """

    device_id = b"DEVICE01"

    def __init__(self):
        self._count = 0

    def sign(self, message):
        return bytes(64)

    def random(self, size):
        self._count += 1
        return hashlib.shake_256(self._count.to_bytes(8, "big")).digest(size)

    def collection(self):
        return b"collect1", bytes(32)

    @staticmethod
    def setup_sender(recipient, info, ephemeral):
        return hashlib.sha256(ephemeral).digest(), bytearray(32)

    @staticmethod
    def export(exporter, context, length):
        return bytearray(length)


class OnJournal:
    """The sealed journal as the store of a workload. `written` collects what it sealed."""

    def __init__(self, size):
        self.chip = CountingChip(size)
        self._crypto = FreeCrypto()
        self.written = []

    def boot(self):
        crypto = self._crypto
        self.journal = Journal(self.chip, crypto, crypto.collection, crypto.random)
        self.journal.mount()

    def append_boot_record(self):
        """Writes it, or finds no room: a restart may have used up what is kept free for it."""
        try:
            self.journal.append(bodies.BOOT, 0, [1, "0.1.0"])
        except JournalFull:
            return

    def do(self, call, *args):
        """Calls a method of the journal; returns what it appended, as raw records."""
        first = self.journal.next_sequence
        getattr(self.journal, call)(*args)
        if self.journal.next_sequence == first:
            return []
        before = self.chip.read_bytes  # reading them back is not the workload's
        records, _ = self.journal.read(first, FULL_BYTES)
        self.chip.read_bytes = before
        return records

    def close(self):
        self.chip.close()


class OnLittlefs:
    """The same records in files of a littlefs: one a shift, synced record by record."""

    def __init__(self, size):
        self.chip = CountingChip(size)
        self._size = size
        self._shift = 0
        self._file = None

    def boot(self):
        """As the device would: mount, and look in the newest file for the open tube."""
        self._volume = Volume(self.chip, 0, self._size)
        name = self._name()
        if name in self._volume.listdir():
            with self._volume.open(name, "rb") as file:
                file.seek(max(0, self._volume.stat(name)[6] - TAIL_BYTES))
                file.read(TAIL_BYTES)
        else:
            self._volume.open(name, "wb").close()
        self._file = self._volume.open(name, "ab")

    def append(self, record):
        self._file.write(record)
        self._file.flush()

    def append_boot_record(self):
        """Writes its bytes, or finds no room for the copy that an append makes."""
        try:
            self.append(bytes(BOOT_RECORD_BYTES))
        except OSError:
            return

    def close_shift(self):
        self._file.close()
        self._volume.remove(self._name())
        self._shift += 1
        self._file = self._volume.open(self._name(), "wb")

    def close(self):
        self.chip.close()

    def _name(self):
        return f"shift-{self._shift:05}"


def shifts(store, rounds):
    """Runs the workload on an OnJournal. Returns its trace: ("boot",), ("closed",), and
    (kind of record, raw record, bytes programmed for it)."""
    trace = []
    minute = 27_000_000
    people = 0

    # What is appended costs what is programmed meanwhile, an epoch that it needed included.
    def do(call, *args):
        programmed = store.chip.programmed_bytes
        records = store.do(call, *args)
        for record in records:
            trace.append((record[1], record, store.chip.programmed_bytes - programmed))

    def append(kind, payload):
        do("append", kind, minute * 60, payload)

    def idle():
        do("idle", minute * 60)

    def restart():
        trace.append(("boot",))
        store.boot()
        append(bodies.BOOT, [1, "0.1.0"])

    store.boot()
    restart()
    # A new chip is erased once to begin with.
    while min(store.chip.erases) <= rounds:
        restart()
        for number in range(SHIFT_REGISTRATIONS):
            if number % TUBE_PEOPLE == 0:
                if number:
                    append(bodies.TUBE_CLOSED, [TUBE_PEOPLE, 77])
                append(bodies.TUBE_OPENED, [f"T{(people // TUBE_PEOPLE) % 10**7:07}", 77])
            position = number % TUBE_PEOPLE + 1
            subject = people.to_bytes(16, "big")
            append(bodies.REGISTRATION, [subject, bytes(8), 3, 1, position, 77])
            people += 1
            idle()
            if people % MINUTE_REGISTRATIONS == 0:
                minute += 1
                if minute % REFUSALS_MINUTES == 0:
                    counts = [["EXPIRED", 2], ["DUPLICATE", 3], ["UNKNOWN_CODE", 5]]
                    append(bodies.REFUSALS, [counts, 540])
            if people % RESTART_REGISTRATIONS == 0:
                restart()
            if people % PULL_REGISTRATIONS == 0:
                last = store.journal.next_sequence - 1
                do("acknowledge", last, store.journal.chain_at(last), minute * 60)
        do("close_shift", minute * 60)
        trace.append(("closed",))
        while store.journal.idle(minute * 60):
            pass
    return trace


def replay(store, trace):
    """Runs a trace on an OnLittlefs. Returns the bytes programmed for each registration."""
    costs = []
    for entry in trace:
        if entry[0] == "boot":
            store.boot()
        elif entry[0] == "closed":
            store.close_shift()
        else:
            before = store.chip.programmed_bytes
            store.append(entry[1])
            if entry[0] == bodies.REGISTRATION:
                costs.append(store.chip.programmed_bytes - before)
    return costs


def figures(chip, trace, costs):
    """What is printed, but for the boot."""
    sealed = sum(len(entry[1]) for entry in trace if len(entry) == 3)
    return {
        "programmed_ratio": round(chip.programmed_bytes / sealed, 4),
        "erase_spread": max(chip.erases) - min(chip.erases),
        "bytes_per_registration": int(statistics.median(costs)),
        "erases_per_1000": round(sum(chip.erases) * 1000 / len(costs), 2),
    }


def fill(store):
    """Fills a journal with people, an idle step after each. Returns its raw records."""
    store.boot()
    records = []
    people = 0
    try:
        while True:
            payload = [people.to_bytes(16, "big"), bytes(8), 3, 1, 0, 77]
            records += store.do("append", bodies.REGISTRATION, 0, payload)
            people += 1
            records += store.do("idle")
    except JournalFull:
        return records


def fill_littlefs(store, records):
    """Writes the same records, until it is full at the latest; synced every 64, to be quick."""
    store.boot()
    try:
        for start in range(0, len(records), 64):
            store.append(b"".join(records[start : start + 64]))
    except OSError:
        return


def boot_read_fraction(store, write_boot_record):
    """How much of the partition is read by a restart, until its own record is written."""
    before = store.chip.read_bytes
    store.boot()
    write_boot_record()
    return round((store.chip.read_bytes - before) / store.chip.ioctl(4, 0) / SECTOR_BYTES, 4)


def measure(rounds, size, flips):
    """The report as --json prints it. rounds: times that the ring goes round."""
    hpke = opening.hpke
    opening.hpke = FreeCrypto
    try:
        report = _measure(rounds, size)
    finally:
        opening.hpke = hpke
    return {**journal_decay.figures(flips), **report}


def _measure(rounds, size):
    stores = [OnJournal(size), OnLittlefs(size), OnJournal(FULL_BYTES), OnLittlefs(FULL_BYTES)]
    journal, littlefs, full_journal, full_littlefs = stores
    try:
        trace = shifts(journal, rounds)
        costs = [entry[2] for entry in trace if entry[0] == bodies.REGISTRATION]
        ours = figures(journal.chip, trace, costs)
        theirs = figures(littlefs.chip, trace, replay(littlefs, trace))
        records = fill(full_journal)
        ours["boot_read_fraction"] = boot_read_fraction(
            full_journal, full_journal.append_boot_record
        )
        fill_littlefs(full_littlefs, records)
        theirs["boot_read_fraction"] = boot_read_fraction(
            full_littlefs, full_littlefs.append_boot_record
        )
        names = (*LIMITS, "erases_per_1000")
        report = {name: ours[name] for name in names}
        report["littlefs"] = {name: theirs[name] for name in names}
        return report
    finally:
        for store in stores:
            store.close()


def show(report):
    littlefs = report["littlefs"]
    print(f"{'':24}{'journal':>12}{'littlefs':>12}{'limit':>10}")
    for name in littlefs:
        print(f"{name:24}{report[name]:>12}{littlefs[name]:>12}{LIMITS.get(name, ''):>10}")
    for name in report:
        if name != "littlefs" and name not in littlefs:
            print(f"{name:24}{report[name]:>12}{'':>12}{DECAY_LIMITS.get(name, ''):>10}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="times round the ring")
    parser.add_argument("--kilobytes", type=int, default=1024, help="of the partition")
    parser.add_argument("--flips", type=int, default=FLIPS, help="bits that are flipped")
    wanted = parser.parse_args()
    if wanted.rounds < 1:
        parser.error("--rounds: at least 1")
    if wanted.kilobytes < 256 or wanted.kilobytes % 4:
        parser.error("--kilobytes: at least 256 (a shift has to fit in), in sectors of 4")
    if wanted.flips < 1:
        parser.error("--flips: at least 1")
    report = measure(wanted.rounds, wanted.kilobytes * 1024, wanted.flips)
    if wanted.json:
        print(json.dumps(report, indent=2))
    else:
        show(report)


if __name__ == "__main__":
    main()
