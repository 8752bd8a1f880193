"""A workload for the sealed journal, and what must hold after power fails anywhere in it.

`Model` keeps what the journal has promised. A journal is checked against it after each restart:
every promised record that was not let go is there, byte for byte, in order, once; nothing else is,
but for what was under way; who was registered is known; the open tube is.
"""

import gc
import hashlib

from journal import bodies, layout
from journal import epoch as epoch_module
from journal.errors import JournalFull
from journal.sealed import SealedJournal
from weak_flash import Dice, Identity, PowerCut, WeakFlash

COLLECTION_KEY = b"\x09" + bytes(31)


class CheapHpke:
    """Stands in for verify.hpke where thousands of epochs begin: hashes instead of a curve."""

    @staticmethod
    def setup_sender(recipient, info, ephemeral):
        return hashlib.sha256(ephemeral).digest(), bytearray(hashlib.sha256(info).digest())

    @staticmethod
    def export(exporter, context, length):
        return bytearray(hashlib.sha256(bytes(exporter) + context).digest()[:length])


def use_cheap_hpke():
    epoch_module.hpke = CheapHpke


class Model:
    """What was promised, and what may be there besides."""

    def __init__(self):
        self.raw = {}  # sequence number -> bytes
        self.released = 0
        self.releasing = 0
        self.acknowledged = 0
        self.people = {}  # subject -> sequence number
        self.pending = None  # subject of the registration that is under way

    def copy(self):
        other = Model()
        other.raw = dict(self.raw)
        other.people = dict(self.people)
        other.released = self.released
        other.releasing = self.releasing
        other.acknowledged = self.acknowledged
        other.pending = self.pending
        return other

    def newest(self):
        return max(self.raw) if self.raw else 0

    def learn(self, journal):
        """All that the journal holds behind the newest known record counts as promised now."""
        records, _ = journal.read(self.newest() + 1, 1 << 20)
        for record in records:
            self.raw[layout.read_record_header(record)[3]] = record


def mounted(flash, dice):
    journal = SealedJournal(flash, Identity(), lambda: (b"collect1", COLLECTION_KEY), dice.bytes)
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
    floor = max(model.released, journal.released)
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
        record = found[sequence]
        model.raw[sequence] = record
        if record[1] == bodies.REGISTRATION:
            model.people[model.pending] = sequence
    model.pending = None
    check_people(journal, model)
    check_tube(journal, found, model)


def check_people(journal, model):
    people = list(model.people.items())
    for subject, sequence in people[-12:] + people[:: max(1, len(people) // 8)]:
        seen = journal.seen_subject(subject)
        if sequence > journal.released:
            assert seen is not None and seen[0] == sequence, ("forgotten", sequence)
        else:
            assert seen is None, ("remembered", sequence)
    assert journal.seen_subject(b"never registered") is None


def check_tube(journal, found, model):
    tube = text = None
    count = 0
    # The opening may have left the flash: its text is still in the model.
    for sequence in sorted(model.raw):
        record = found.get(sequence) or model.raw[sequence]
        if record[1] == bodies.TUBE_OPENED:
            tube, text, count = sequence, bodies.tube_text(record), 0
        elif record[1] == bodies.TUBE_CLOSED:
            tube = None
        elif record[1] == bodies.REGISTRATION and tube:
            count = bodies.tube_and_position(record)[1]
    seen = journal.open_tube
    if tube is not None and tube in found:
        assert seen == (tube, text, count), ("tube", seen, tube, text, count)
    elif tube is None:
        assert seen is None


class Workload:
    """Random operations on a journal; `model` follows once each has returned."""

    def __init__(self, flash, seed, model, journal=None):
        self.flash = flash
        self.dice = Dice(seed)
        self.model = model
        self.minute = 27000000
        self.journal = journal or mounted(flash, self.dice)

    def restart(self):
        self.journal = mounted(self.flash, self.dice)

    def step(self):
        """One operation, most often a registration."""
        self.minute += 1
        if self.minute % 16 == 0:
            gc.collect()  # what the model keeps would lie all over the heap
        choice = self.dice.below(100)
        try:
            if choice < 62:
                self._register()
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
        except JournalFull:
            self._acknowledge()
            self._close_shift()
        self.model.learn(self.journal)
        self.model.pending = None

    def _append(self, kind, payload):
        return self.journal.append(kind, self.minute * 60, payload)

    def _register(self):
        tube = self.journal.open_tube
        position = min(tube[2] + 1, 99) if tube else 0
        subject = self.dice.bytes(16)
        self.model.pending = subject
        payload = [subject, b"cti-8 by", 3, 1, position, 77]
        sequence = self._append(bodies.REGISTRATION, payload)
        self.model.people[subject] = sequence

    def _tube(self):
        if self.journal.open_tube:
            self._append(bodies.TUBE_CLOSED, [5, 77])
            self.model.learn(self.journal)
        self._append(
            bodies.TUBE_OPENED, ["T%07d" % self.dice.below(10000000) * (1 + self.dice.below(4)), 77]
        )

    def _other(self):
        if self.dice.below(2):
            self._append(bodies.BOOT, [1, "0.1.0"])
        else:
            counts = [[bodies.REASONS[1 + index], 7] for index in range(self.dice.below(18))]
            self._append(bodies.REFUSALS, [counts, 600])

    def _acknowledge(self):
        last = self.model.newest()
        if last:
            self.journal.acknowledge(last, self.journal.chain_at(last), self.minute * 60)
            self.model.acknowledged = self.journal.acknowledged
            self.model.learn(self.journal)

    def _close_shift(self):
        self.model.releasing = self.journal.acknowledged
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
            copy.cut_at = 1
            try:
                operation(copy)
                raise AssertionError("was not cut")
            except PowerCut:
                survive(copy, self._model.copy(), seed)
            self.survived += 1


def survive(flash, model, seed):
    """Restarts, with power failing again in some of the recoveries; then works on and restarts.

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
