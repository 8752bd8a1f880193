"""The rules of registration, over a journal in RAM."""

import os

from app.rules import DUPLICATE_WINDOW_S, Registrar
from crypto.x25519 import public_key
from journal.journal import Journal
from keeping.settings import Settings
from ram_flash import RamFlash
from verify.errors import Refused

NOW = 1700000000


class _Issuer:
    slot = 2


class _Identity:
    device_id = b"DEVICE01"

    def sign(self, message):
        return b"S" * 64


class _Pass:
    def __init__(self, number):
        self.subject = b"subject" + number.to_bytes(9, "big")
        self.cti_start = b"id" + number.to_bytes(6, "big")
        self.issuer = _Issuer()
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
    assert registrar.register(_Pass(1), NOW + DUPLICATE_WINDOW_S) == 2


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
