"""A workload for the sealed journal, and what must hold after power fails anywhere in it.

`Model` keeps what the journal has promised. A journal is checked against it after each restart:
every promised record that was not let go is there, byte for byte, in order, once; nothing else is,
but for what was under way; who was registered is known; the open tube is.
"""

import gc
import hashlib
import struct

import device_time  # noqa: F401 - gives CPython the ticks of MicroPython
from journal import JournalFull, bodies, layout, opening
from journal.journal import Journal
from weak_flash import Dice, Identity, PowerCut, WeakFlash

COLLECTION_KEY = b"\x09" + bytes(31)


class CheapHpke:
    """Stands in for crypto.hpke where thousands of epochs begin: hashes instead of a curve."""

    @staticmethod
    def setup_sender(recipient, info, ephemeral):
        return hashlib.sha256(ephemeral).digest(), bytearray(hashlib.sha256(info).digest())

    @staticmethod
    def export(exporter, context, length):
        return bytearray(hashlib.sha256(bytes(exporter) + context).digest()[:length])


def use_cheap_hpke():
    opening.hpke = CheapHpke


class Model:
    """What was promised, and what may be there besides."""

    def __init__(self):
        self.raw = {}  # sequence number -> bytes
        self.released = 0
        self.releasing = 0
        self.acknowledged = 0
        self.people = {}  # subject, or (kind, number) of a document -> sequence number
        self.pending = None  # who is being registered
        self.forgiven = 0  # up to here what is acknowledged may go: no sector was left to say so

    def copy(self):
        other = Model()
        other.raw = dict(self.raw)
        other.people = dict(self.people)
        other.released = self.released
        other.releasing = self.releasing
        other.acknowledged = self.acknowledged
        other.pending = self.pending
        other.forgiven = self.forgiven
        return other

    def take(self, record):
        """A record that is there counts as promised now."""
        sequence = layout.read_record_header(record)[3]
        self.raw[sequence] = record
        if record[1] == bodies.REGISTRATION or record[1] == bodies.MANUAL:
            self.people[self.pending] = sequence
        elif record[1] == bodies.ACKNOWLEDGED:
            number = struct.unpack_from(">I", record, layout.HEADER_BYTES)[0]
            self.acknowledged = max(self.acknowledged, number)
        elif record[1] == bodies.VOID:
            voided = struct.unpack_from(">I", record, layout.HEADER_BYTES)[0]
            for person, known in list(self.people.items()):
                if known == voided:
                    del self.people[person]

    def newest(self):
        return max(self.raw) if self.raw else 0

    def learn(self, journal):
        """Takes all that the journal holds behind the newest known record."""
        records, _ = journal.read(self.newest() + 1, 1 << 20)
        for record in records:
            self.take(record)


def mounted(flash, dice):
    journal = Journal(flash, Identity(), lambda: (b"collect1", COLLECTION_KEY), dice.bytes)
    journal.mount()
    return journal


def check(journal, model):
    """Compares a journal that was just mounted with the model, and adopts what was under way."""
    found = {}
    last = 0
    at = 1
    while True:
        records, following = journal.read(at, 900)
        for record in records:
            sequence = layout.read_record_header(record)[3]
            assert sequence > last, ("order", last, sequence)
            last = sequence
            found[sequence] = record
        if not records:
            break
        at = following
    assert journal.next_sequence > last
    newest = model.newest()
    floor = max(model.released, journal.released, model.forgiven)
    assert journal.released in (model.released, model.releasing), "released"
    assert journal.acknowledged >= model.acknowledged, "acknowledged"
    for sequence, record in model.raw.items():
        if sequence > floor:
            assert found.get(sequence) == record, ("lost", sequence)
    extra = []
    for sequence, record in found.items():
        if sequence in model.raw:
            assert record == model.raw[sequence], ("changed", sequence)
        else:
            assert sequence > newest, ("appeared", sequence)
            extra.append(sequence)
    # An epoch's record and the one it was opened for can be under way together.
    assert len(extra) <= 2, ("appeared", extra)
    model.released = journal.released
    model.acknowledged = journal.acknowledged
    for sequence in extra:
        model.take(found[sequence])
    model.pending = None
    check_people(journal, model)
    check_tube(journal, found, model)


def check_people(journal, model):
    people = list(model.people.items())
    for person, sequence in people[-12:] + people[:: max(1, len(people) // 8)]:
        seen = (
            journal.seen_subject(person)
            if isinstance(person, bytes)
            else journal.seen_document(*person)
        )
        if journal.released < sequence <= model.forgiven:
            continue
        if sequence > journal.released:
            assert seen is not None and seen[0] == sequence, ("forgotten", sequence)
        else:
            assert seen is None, ("remembered", sequence)
    assert journal.seen_subject(b"never registered") is None


def check_tube(journal, found, model):
    tube = text = None
    count = 0
    for sequence in sorted(found):
        record = found[sequence]
        if record[1] == bodies.TUBE_OPENED:
            tube, text, count = sequence, bodies.tube_text(record), 0
        elif record[1] == bodies.TUBE_CLOSED:
            tube = None
        elif record[1] == bodies.REGISTRATION or record[1] == bodies.MANUAL:
            if tube and bodies.tube_and_position(record)[0] == tube:
                count = bodies.tube_and_position(record)[1]
    if tube is not None and tube > journal.released:
        assert journal.open_tube == (tube, text, count), (journal.open_tube, tube, text, count)
    else:
        assert journal.open_tube is None, (journal.open_tube, tube)


def check_wear(flash, spread):
    """An operation that is refused may cost a sector its turn, so these runs are left out."""
    assert flash.refusals or max(flash.erases) - min(flash.erases) <= spread, flash.erases
    assert flash.crossings == 0


class Workload:
    """Random operations on a journal; `model` follows once each has returned."""

    def __init__(self, flash, seed, model, journal=None):
        self.flash = flash
        self.dice = Dice(seed)
        self.model = model
        self.minute = 27000000
        self.refusing = False  # True: the flash refuses an operation now and then
        self.journal = journal or mounted(flash, self.dice)

    def restart(self):
        self.journal = mounted(self.flash, self.dice)

    def step(self):
        """One operation, most often a registration."""
        self.minute += 1
        if self.minute % 16 == 0:
            gc.collect()  # what the model keeps would lie all over the heap
        refusals = self.flash.refusals
        if self.refusing and self.dice.below(12) == 0:
            at = self.flash.operations + 1 + self.dice.below(3)
            self.flash.failing = range(at, at + 1 + self.dice.below(4))
        try:
            self._one()
        except JournalFull:
            try:
                self._fill_reserve()
                self._acknowledge(everything=True)
                self._close_shift()
            except OSError:
                assert self.flash.refusals > refusals
        except OSError:
            assert self.flash.refusals > refusals
        self.flash.failing = None
        self.model.learn(self.journal)
        self.model.released = self.journal.released
        self.model.pending = None

    def _one(self):
        choice = self.dice.below(100)
        if choice < 52:
            self._register()
        elif choice < 57:
            self._manual()
        elif choice < 62:
            self._void()
        elif choice < 68:
            self._tube()
        elif choice < 76:
            self._other()
        elif choice < 92:
            self.journal.idle(self.minute * 60)
        elif choice < 95:
            self.restart()
        elif choice < 98:
            self._acknowledge()
        else:
            self._close_shift()

    def _append(self, kind, payload):
        return self.journal.append(kind, self.minute * 60, payload)

    def _position(self):
        tube = self.journal.open_tube
        return min(tube[2] + 1, 99) if tube else 0

    def _register(self):
        subject = self.model.pending = self.dice.bytes(16)
        payload = [subject, b"cti-8 by", 3, 1, self._position(), 77]
        self._append(bodies.REGISTRATION, payload)

    def _manual(self):
        number = "%018d" % self.dice.below(1 << 23)
        self.model.pending = (1, number)
        name = "Z" * (1 + self.dice.below(60))
        self._append(bodies.MANUAL, [1, number, name, self._position(), 77])

    def _void(self):
        """Takes back someone's registration, most often a late one's."""
        people = sorted(self.model.people.values())
        if people:
            back = self.dice.below(min(len(people), (5, 200)[self.dice.below(2)]))
            self._append(bodies.VOID, [people[-1 - back], 1, 77])

    def _tube(self):
        if self.journal.open_tube:
            self._append(bodies.TUBE_CLOSED, [5, 77])
            self.model.learn(self.journal)
        self._append(
            bodies.TUBE_OPENED, ["T%07d" % self.dice.below(10000000) * (1 + self.dice.below(4)), 77]
        )

    def _other(self):
        choice = self.dice.below(3)
        if choice == 0:
            self._append(bodies.BOOT, [1, "0.1.0"])
        elif choice == 1:
            self._append(bodies.SHIFT_OPENED, [77])
        else:
            counts = [[bodies.REASONS[1 + index], 7] for index in range(self.dice.below(18))]
            self._append(bodies.REFUSALS, [counts, 600])

    def _fill_reserve(self):
        """Whatever else may happen at a full device, until that is refused as well."""
        if self.dice.below(2):
            return
        try:
            while True:
                self._append(bodies.BOOT, [1, "0.1.0"])
                self.model.learn(self.journal)
        except JournalFull:
            return

    def _acknowledge(self, everything=False):
        last = self.model.newest()
        if last and not everything and self.dice.below(3) == 0:
            last = max(1, last - self.dice.below(100))
        chain = self.journal.chain_at(last) if last else None
        if chain is not None:
            self.journal.acknowledge(last, chain, self.minute * 60)
            self.model.learn(self.journal)

    def _close_shift(self):
        self.model.releasing = self.journal.acknowledged
        if self.journal._ring.next_free() < 0:
            self.model.forgiven = self.model.releasing
        self.journal.close_shift(self.minute * 60)
        self.model.released = self.journal.released


class TorturedFlash(WeakFlash):
    """At chosen operations, a copy of everything loses power there; the original goes on."""

    def __init__(self, sectors, model, choose):
        super().__init__(sectors)
        self._model = model
        self._choose = choose
        self.survived = 0

    def writeblocks(self, block, data, offset):
        self._torture(lambda flash: flash.writeblocks(block, data, offset))
        WeakFlash.writeblocks(self, block, data, offset)

    def ioctl(self, operation, block):
        if operation == 6:
            self._torture(lambda flash: flash.ioctl(6, block))
        return WeakFlash.ioctl(self, operation, block)

    def _torture(self, operation):
        for seed in self._choose(self.operations + 1):
            copy = WeakFlash(len(self.erases), seed, self)
            copy.erases = list(self.erases)
            copy.refusals = self.refusals
            copy.cut_at = 1
            try:
                operation(copy)
                raise AssertionError("was not cut")
            except PowerCut:
                survive(copy, self._model.copy(), seed)
            self.survived += 1


def survive(flash, model, seed):
    """Restarts, with power failing again in some of the recoveries; then works on and restarts.

    Whether an erase that left no trace had begun nobody can know: so a cut may cost one more.

    The first restart that gets through is the one that is worked with: another one would have
    another chance to see bits that waver.
    """
    dice = Dice(seed + 1)
    while True:
        flash.cut_at = flash.operations + 1 + dice.below(6) if dice.below(3) == 0 else None
        try:
            journal = mounted(flash, dice)
            break
        except PowerCut:
            continue
    flash.cut_at = None
    check(journal, model)
    check_wear(flash, 2)
    workload = Workload(flash, seed + 2, model, journal)
    for _ in range(4):
        for _ in range(2):
            workload.step()
        workload.restart()
        check(workload.journal, model)
    while workload.journal.idle():
        pass
    model.learn(workload.journal)
    check(mounted(flash, dice), model)
    check_wear(flash, 2)
