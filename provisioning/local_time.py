"""Times as people write them, in the place's own time."""

import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from provisioning.errors import Mistyped, NotAllowed

DEFAULT_ZONE = "Asia/Shanghai"
# A clock that shows less is wrong: this program was not written then. It is raised with releases.
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
END_S = 1 << 32  # in the year 2106; nothing here holds a later time
MAX_DIGITS = 10  # of Unix seconds, until the year 2286
_CHINA = timezone(timedelta(hours=8))  # since 1991 without summer time


def zone(name: str = DEFAULT_ZONE) -> tzinfo:
    """A time zone by its name, such as Asia/Urumqi or UTC. Raises Mistyped."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        if name == DEFAULT_ZONE:  # a system without the time zone database
            return _CHINA
        raise Mistyped(f"No time zone is called {name}. Write it like Asia/Shanghai.") from error


def now() -> int:
    """This computer's clock, Unix seconds. Raises NotAllowed where it is certainly wrong.

    A computer that lost its clock would issue what is refused everywhere, and say nothing.
    """
    unix_s = int(time.time())
    if not WRITTEN.timestamp() <= unix_s < END_S:
        raise NotAllowed(
            f"This computer's clock says {show(unix_s, UTC)}, which is wrong: set it first."
        )
    return unix_s


def parse(text: str, local: tzinfo) -> int:
    """Unix seconds of a time: `2022-04-09`, `2022-04-09T12:30`, with or without an offset.

    A bare number is Unix seconds; without an offset the time is local. Raises Mistyped.
    """
    if text.isascii() and text.isdigit():
        if len(text) > MAX_DIGITS:
            raise Mistyped("A time in Unix seconds has no more than ten digits.")
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Mistyped(f"{text} is no time. Write it like 2022-04-09T12:30.") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=local)
    return int(moment.timestamp())


def show(unix_s: int, local: tzinfo) -> str:
    """A time for people, to the minute, with its offset: 2022-04-09 12:30 (UTC+08:00).

    Of a time that is in no calendar: its seconds.
    """
    try:
        moment = datetime.fromtimestamp(unix_s, local)
    except (ValueError, OverflowError, OSError):
        return f"{unix_s} s after 1970"
    offset = moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:5]})"
