"""The rules of registration, over a journal in RAM."""

import os

from app.rules import DUPLICATE_WINDOW_S, Registrar
from crypto.x25519 import public_key
from journal import bodies
from journal.journal import Journal
from keeping.settings import Settings
from ram_flash import RamFlash
from verify.errors import Refused

NOW = 1700000000


class _Issuer:
    slot = 2

    def __init__(self, register=b"register"):
        self.register = register


class _Identity:
    device_id = b"DEVICE01"

    def sign(self, message):
        return b"S" * 64


class _Pass:
    def __init__(self, number, register=b"register"):
        self.subject = b"subject" + number.to_bytes(9, "big")
        self.cti_start = b"id" + number.to_bytes(6, "big")
        self.issuer = _Issuer(register)
        self.relation = 0


def _registrar(flash=None, has_key=True, **settings):
    keys = {"tube_size": 3, "without_tubes": 6}
    flash = flash or RamFlash(8)
    key = public_key(b"\x01" * 32)
    journal = Journal(
        flash, _Identity(), lambda: (has_key and (b"collect1", key)) or None, os.urandom
    )
    journal.mount()
    registrar = Registrar(Settings.from_body({keys[k]: settings[k] for k in settings}), journal)
    registrar.resume()
    return flash, registrar


def _refusal(function, *arguments):
    try:
        function(*arguments)
    except Refused as refusal:
        return refusal.reason
    raise AssertionError("was not refused")


def test_a_pass_needs_a_tube():
    _, registrar = _registrar()
    assert _refusal(registrar.register, _Pass(1), NOW) == "NO_TUBE"


def test_without_tubes_a_pass_is_enough():
    _, registrar = _registrar(without_tubes=True)
    assert registrar.register(_Pass(1), NOW) == 0
    assert _refusal(registrar.register, _Pass(1), NOW) == "DUPLICATE"


def test_positions_count_up_and_a_full_tube_refuses():
    _, registrar = _registrar(tube_size=2)
    registrar.scan_tube("T1", NOW)
    assert registrar.register(_Pass(1), NOW) == 1
    assert registrar.register(_Pass(2), NOW) == 2
    assert _refusal(registrar.register, _Pass(3), NOW) == "FULL"
    registrar.scan_tube("T2", NOW)
    assert registrar.register(_Pass(3), NOW) == 1


def test_a_duplicate_is_found_after_a_restart_and_forgotten_after_a_shift():
    flash, registrar = _registrar()
    registrar.scan_tube("T1", NOW)
    registrar.register(_Pass(1), NOW)
    _, registrar = _registrar(flash)
    assert (registrar.tube, registrar.count) == ("T1", 1)
    # The journal knows the minute, so the window is at most a minute short.
    assert _refusal(registrar.register, _Pass(1), NOW + DUPLICATE_WINDOW_S - 61) == "DUPLICATE"
    registrar.scan_tube("T2", NOW)
    assert registrar.register(_Pass(1), NOW + DUPLICATE_WINDOW_S) == 1


def _set_clock(registrar, old, new):
    registrar._journal.append(bodies.CLOCK_SET, new, [old, new, True, b"operator"], reserved=True)


def test_a_clock_that_was_set_on_makes_nobody_new():
    """13 hours ahead, in the same tube and in another one; also after a restart."""
    flash, registrar = _registrar(tube_size=5)
    registrar.scan_tube("T1", NOW)
    registrar.register(_Pass(1), NOW)
    registrar.register(_Pass(2), NOW)
    later = NOW + 13 * 3600
    _set_clock(registrar, NOW + 60, later + 60)
    for tube in ("T1", "T2"):
        registrar.scan_tube(tube, later)
        assert _refusal(registrar.register, _Pass(1), later + 120) == "DUPLICATE"
        _, registrar = _registrar(flash, tube_size=5)
        assert _refusal(registrar.register, _Pass(2), later + 120) == "DUPLICATE"
    # 12 hours that passed are enough in another tube.
    assert registrar.register(_Pass(1), later + DUPLICATE_WINDOW_S + 60) == 1


def test_a_clock_that_was_put_back_shuts_nobody_out():
    """Six days ahead, and then right: the 12 hours are those that passed."""
    flash, registrar = _registrar()
    ahead = NOW + 6 * 86400
    registrar.scan_tube("T1", ahead)
    registrar.register(_Pass(1), ahead)
    _set_clock(registrar, ahead + 120, NOW + 120)
    registrar.scan_tube("T2", NOW + 180)
    try:
        registrar.register(_Pass(1), NOW + 3600)
    except Refused as refused:
        # When it was, by the clock as it is now
        assert refused.reason == "DUPLICATE" and abs(refused.detail - NOW) < 60
    else:
        raise AssertionError
    _, registrar = _registrar(flash)
    assert _refusal(registrar.register, _Pass(1), NOW + DUPLICATE_WINDOW_S - 61) == "DUPLICATE"
    assert registrar.register(_Pass(1), NOW + DUPLICATE_WINDOW_S) == 1


def test_twice_in_one_tube_is_a_duplicate_however_long_it_is_open():
    _, registrar = _registrar()
    registrar.scan_tube("T1", NOW)
    registrar.register(_Pass(1), NOW)
    assert _refusal(registrar.register, _Pass(1), NOW + 40 * 86400) == "DUPLICATE"


def test_many_settings_of_the_clock_are_all_counted():
    _, registrar = _registrar(RamFlash(16))
    registrar.scan_tube("T1", NOW)
    registrar.register(_Pass(1), NOW)
    now = NOW
    for _ in range(200):
        _set_clock(registrar, now, now + 3600)
        now += 3600
    registrar.scan_tube("T2", now)
    assert _refusal(registrar.register, _Pass(1), now + 60) == "DUPLICATE"
    assert registrar.register(_Pass(1), now + DUPLICATE_WINDOW_S) == 1


def test_a_subject_is_a_person_in_one_register():
    """Another issuer's pass with somebody's subject shuts nobody out."""
    flash, registrar = _registrar()
    registrar.scan_tube("T1", NOW)
    assert registrar.register(_Pass(1, b"a closed"), NOW) == 1
    assert registrar.register(_Pass(1, b"the city"), NOW) == 2
    _, registrar = _registrar(flash)
    for register in (b"a closed", b"the city"):
        assert _refusal(registrar.register, _Pass(1, register), NOW + 60) == "DUPLICATE"


def test_a_tube_is_used_once():
    flash, registrar = _registrar()
    registrar.scan_tube("T1", NOW)
    registrar.scan_tube("T1", NOW)
    registrar.scan_tube("T2", NOW)
    _, registrar = _registrar(flash)
    assert _refusal(registrar.scan_tube, "T1", NOW) == "TUBE_USED"
    assert registrar.tube == "T2"


def test_a_full_journal_refuses_and_changes_nothing():
    _, registrar = _registrar(RamFlash(4), tube_size=99)
    registrar.scan_tube("T0", NOW)
    number = 0
    reason = None
    while reason is None:
        number += 1
        try:
            registrar.register(_Pass(number), NOW)
            if number % 90 == 0:
                registrar.scan_tube("T%d" % number, NOW)
        except Refused as refusal:
            reason = refusal.reason
    before = (registrar.tube, registrar.count)
    assert reason == "JOURNAL_FULL"
    assert _refusal(registrar.register, _Pass(number), NOW) == "JOURNAL_FULL"
    assert (registrar.tube, registrar.count) == before


def test_without_a_collection_key_nothing_is_registered():
    _, registrar = _registrar(has_key=False, without_tubes=True)
    assert _refusal(registrar.register, _Pass(1), NOW) == "NOT_READY"
    assert _refusal(registrar.scan_tube, "T1", NOW) == "NOT_READY"
    assert registrar.tube is None


def test_tube_patterns():
    settings = Settings.from_body({5: "T##@?-*"})
    for good in ("T12AB-", "T12A9-77X"):
        assert settings.is_tube(good), good
    for bad in ("", "T12AB", "T1AAB-", "T12aB-", "T12AB-x", "T12AB-" + "1" * 27, "HTTPS://A.B"):
        assert not settings.is_tube(bad), bad


def test_nothing_is_no_tube():
    assert not Settings.from_body({5: "*"}).is_tube("")
    assert Settings.from_body({5: "*"}).is_tube("A")
