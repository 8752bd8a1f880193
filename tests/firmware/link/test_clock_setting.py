"""How far the clock goes by itself, and how far only if it is meant."""

from journal import JournalFull, NoCollectionKey, bodies
from link import clock_setting
from verify.errors import Refused

NOW = 1790000000
SIGNED = NOW - 10 * 86400


class _Clock:
    def __init__(self, unix_s):
        self.unix_s = unix_s

    def now(self):
        return self.unix_s

    def set(self, unix_s):
        self.unix_s = unix_s


class _Journal:
    def __init__(self, newest=0, error=None):
        self.newest = newest
        self.error = error
        self.records = []

    def newest_minute(self):
        return self.newest // 60

    def append(self, record_type, unix_s, payload, reserved):
        if self.error:
            raise self.error
        assert record_type == bodies.CLOCK_SET and reserved
        self.records.append((unix_s, payload))


class _Signer:
    kid = b"operator"


def _outcome(clock, journal, *arguments):
    before = clock.unix_s
    try:
        got = clock_setting.set_signed(clock, journal, SIGNED, _Signer(), list(arguments))
    except Refused as refused:
        assert clock.unix_s == before and journal.records == []
        return refused.reason, refused.detail
    assert got == clock.unix_s == arguments[0]
    return journal.records[-1]


def test_up_to_a_day_from_the_devices_own_time():
    for by in (-86400, -1, 0, 1, 86400):
        record = _outcome(_Clock(NOW), _Journal(), NOW + by)
        assert record == (NOW + by, [NOW, NOW + by, False, b"operator"])
    for by in (-86401, 86401):
        assert _outcome(_Clock(NOW), _Journal(), NOW + by) == ("CLOCK_JUMP", NOW)
        record = _outcome(_Clock(NOW), _Journal(), NOW + by, "jump")
        assert record == (NOW + by, [NOW, NOW + by, True, b"operator"])


def test_not_before_the_newest_record_but_for_five_minutes():
    newest = NOW // 60 * 60
    for clock in (None, NOW):
        assert _outcome(_Clock(clock), _Journal(newest), newest - 300)[0] == newest - 300
        refused = _outcome(_Clock(clock), _Journal(newest), newest - 301)
        assert refused == ("CLOCK_JUMP", newest)
        assert _outcome(_Clock(clock), _Journal(newest), newest - 301, "jump")[1][2] is True


def test_a_clock_that_is_not_set_goes_to_any_later_time():
    record = _outcome(_Clock(None), _Journal(), NOW + 400 * 86400)
    assert record[1] == [None, NOW + 400 * 86400, False, b"operator"]


def test_never_before_the_newest_time_that_the_root_has_signed():
    for word in ((), ("jump",)):
        for clock in (None, NOW, SIGNED):
            refused = _outcome(_Clock(clock), _Journal(), SIGNED - 1, *word)
            assert refused == ("BEFORE_SIGNED", SIGNED)
    assert _outcome(_Clock(NOW), _Journal(), SIGNED, "jump")[0] == SIGNED


def test_what_is_no_time():
    for arguments in ((), (NOW, "now"), (NOW, "jump", 1), (NOW, True)):
        assert _outcome(_Clock(NOW), _Journal(), *arguments)[0] == "ARGUMENTS"
    for unix_s in (True, None, "1790000000", -1, 1, (1 << 32) - 1, 1 << 63):
        assert _outcome(_Clock(NOW), _Journal(), unix_s)[0] == "BAD_TIME", unix_s


def test_what_cannot_be_recorded_is_not_done():
    assert _outcome(_Clock(NOW), _Journal(error=JournalFull()), NOW + 1)[0] == "FULL"
    clock, journal = _Clock(NOW), _Journal(error=OSError(5))
    try:
        _outcome(clock, journal, NOW + 1)
    except OSError:
        assert clock.unix_s == NOW
    else:
        raise AssertionError
    # Without a collection key nothing is recorded at all, and nobody registered.
    clock_setting.set_signed(clock, _Journal(error=NoCollectionKey()), SIGNED, _Signer(), [NOW + 1])
    assert clock.unix_s == NOW + 1
