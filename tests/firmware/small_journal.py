"""A sealed journal on a flash in RAM, and people to register in it: for tests."""

import gc

from journal import JournalFull, bodies
from journal_torture import mounted, use_cheap_hpke
from weak_flash import Dice, WeakFlash

NOON = 1700000000


def made_journal(sectors=8):
    """(flash, journal), with nothing left to do in idle times."""
    use_cheap_hpke()
    gc.collect()
    flash = WeakFlash(sectors)
    journal = mounted(flash, Dice(1))
    settle(journal)
    return flash, journal


def settle(journal):
    while journal.idle(NOON):
        pass


def subject(number):
    return number.to_bytes(4, "big") * 4


def register(journal, number, position=0):
    payload = [subject(number), b"cti-8 by", 3, 1, position, 77]
    return journal.append(bodies.REGISTRATION, NOON, payload)


def fill(journal, limit=1 << 20):
    """Registers people, an idle step after each, until it is full; returns how many."""
    number = 0
    try:
        while number < limit:
            register(journal, number)
            journal.idle(NOON)
            number += 1
    except JournalFull:
        return number
    return number
