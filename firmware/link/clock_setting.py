"""The clock, set by a signed command: how far it may go by itself, and how far only if it is meant.

[Unix seconds]           up to a day from the device's own time, not before its newest record
[Unix seconds, "jump"]   any time that is not before the newest that the root has signed
"""

from journal import JournalFull, NoCollectionKey, bodies
from micropython import const
from system.clock import EARLIEST_S
from verify.errors import Refused

_LATEST_S = const(4294967295)  # passes end there
_JUMP = const("jump")
_BACK_S = const(300)
_FAR_S = const(86400)


def check_plausible(unix_s):
    """Raises Refused BAD_TIME for a time that no clock of a device has."""
    if type(unix_s) is not int or not EARLIEST_S <= unix_s < _LATEST_S:
        raise Refused("BAD_TIME")


def set_signed(clock, journal, newest_signed_at, signer, arguments):
    """Records the new time, and sets it; returns it (Unix seconds).

    newest_signed_at: Unix seconds. signer: who signed the command. arguments: as above.
    Raises Refused with ARGUMENTS, BAD_TIME, BEFORE_SIGNED (detail: that time), CLOCK_JUMP (detail:
    the time it is too far from), FULL; or OSError. Nothing was changed then.
    """
    is_meant = arguments[1:] == [_JUMP]
    if len(arguments) != 1 and not is_meant:
        raise Refused("ARGUMENTS")
    unix_s = arguments[0]
    check_plausible(unix_s)
    if unix_s < newest_signed_at:
        raise Refused("BEFORE_SIGNED", newest_signed_at)
    now = clock.now()
    if not is_meant:
        newest = journal.newest_minute() * 60
        if unix_s < newest - _BACK_S:
            raise Refused("CLOCK_JUMP", newest)
        if now is not None and not -_FAR_S <= unix_s - now <= _FAR_S:
            raise Refused("CLOCK_JUMP", now)
    try:
        journal.append(bodies.CLOCK_SET, unix_s, [now, unix_s, is_meant, signer.kid], reserved=True)
    except JournalFull:
        # How far it went has to be known for duplicates, and by whom it was set.
        raise Refused("FULL") from None
    except NoCollectionKey:
        pass  # nobody is registered either
    clock.set(unix_s)
    return unix_s
