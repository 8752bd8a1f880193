"""What the screen says: 128 x 64 pixels, 8 lines of 16 characters.

Pure: each function returns a Screen of text lines, which `draw` puts on a display. The
result of a scan stands in the first line, inverted, for it is read at arm's length in the sun.
"""

from micropython import const

_COLUMNS = const(16)
_LINE_PX = const(8)

_RELATIONS = const(("", "CHILD", "60 OR OLDER", "CANNOT APPLY"))

# What a member of staff is told, and what to do next: two lines of 16 characters for each reason.
# One text, for as a dict they would take three times the memory.
_TOLD = const("""
NO_TUBE=SCAN A TUBE/first
DUPLICATE=ALREADY DONE/this shift
TUBE_USED=TUBE USED/take a new one
FULL=TUBE FULL/scan next tube
JOURNAL_FULL=MEMORY FULL/collect over USB
NOT_READY=NOT SET UP/call technician
UNKNOWN_CODE=NOT A PASS/ask for the pass
WRONG_KIND=WRONG KIND/scan pass, label
NO_KIND=KIND UNKNOWN/call technician
HALF_CODE=SCAN AGAIN/the code was cut
PRESS_OK=TUBE HAS ROOM/press OK, scan
MALFORMED=BAD CODE/ask for the pass
UNSUPPORTED=UNKNOWN KIND/register by ID
UNKNOWN_KEY=UNKNOWN ISSUER/register by ID
BAD_SIGNATURE=FORGED PASS/register by ID
CLOCK_UNSET=CLOCK NOT SET/call technician
LIFETIME=PASS TOO LONG/register by ID
ISSUER_WINDOW=ISSUER EXPIRED/register by ID
NOT_YET=NOT VALID YET/register by ID
EXPIRED=PASS EXPIRED/get a new one
REVOKED=PASS REVOKED/register by ID
STORAGE=MEMORY FAULT/call technician
FAULT=DEVICE FAULT/scan again
""")
_TOLD_OTHERWISE = const(("REFUSED", "register by ID"))


def _told(reason):
    at = _TOLD.find("\n%s=" % reason)
    if at < 0:
        return _TOLD_OTHERWISE
    at += len(reason) + 2
    return _TOLD[at : _TOLD.find("\n", at)].split("/")


class Screen:
    """heading: up to 16 characters, shown inverted; lines: up to six more of 16."""

    def __init__(self, heading, *lines):
        self.heading = heading[:_COLUMNS]
        self.lines = [line[:_COLUMNS] for line in lines]


def _tube_line(tube, count, size):
    if tube is None:
        return "no tube"
    return "%s %d/%d" % (tube[-10:], count, size)


def starting():
    return Screen("STARTING", "", "please wait")


def prompt_open():
    return Screen("SERVICE", "", "prompt is open", "reset to end it")


def scanner_missing():
    return Screen("NO SCANNER", "", "check the cable")


def fault(reason):
    """Something broke that nobody foresaw. reason: a word or two for the technician."""
    return Screen("DEVICE FAULT", "", "call technician", "", reason)


def idle(missing, tube, count, size, local_time, remaining=None, needs_tube=True):
    """The screen between two people. local_time: text such as "14:05", or None.

    missing: what the device was not given, in words, or None. remaining: how many registrations
    there is room for, when it is time to say so; else None. needs_tube: False where people are
    registered without one.
    """
    if missing:
        return Screen("NOT SET UP", "", "connect USB", "", "missing:", missing)
    if local_time is None:
        return Screen("CLOCK NOT SET", "", "connect USB")
    warning = "" if remaining is None else "%d MORE FIT" % remaining
    if remaining == 0:
        return Screen("MEMORY FULL", "", "collect over USB", "", local_time)
    if tube is None and not needs_tube:
        return Screen("READY", "", "without tubes", "", local_time, warning)
    if tube is None:
        return Screen("SCAN A TUBE", "", "no tube is open", "", local_time, warning)
    heading = "TUBE FULL" if count >= size else "READY"
    return Screen(heading, "", _tube_line(tube, count, size), "", local_time, warning)


def accepted(a_pass, tube, position, size):
    """A registration that is in the journal. The name is not ASCII: the ID's end is shown."""
    return Screen(
        "OK  %d" % position if position else "OK",
        "",
        _tube_line(tube, position, size),
        "",
        "ID ..%s" % a_pass.id_hint if a_pass.id_hint else "no ID on pass",
        _RELATIONS[a_pass.relation],
    )


def tube_opened(tube, count, size):
    return Screen("TUBE OPEN", "", _tube_line(tube, count, size))


def next_tube():
    """Staff said that they want another tube."""
    return Screen("NEXT TUBE", "", "scan its label", "within 10 s")


def refused(reason, tube, count, size, registered_at=None, code_kind=""):
    """registered_at: of a duplicate, local time such as "09:41". code_kind: what the scanner said
    of the code's symbology, for the technician."""
    what, next_step = _told(reason)
    if registered_at:
        next_step = "at " + registered_at
    return Screen(what, "", next_step, "", _tube_line(tube, count, size), code_kind, reason)


def draw(display, screen):
    """Draws a screen. display: fill, fill_rect, text and show as framebuf has them."""
    display.fill(0)
    display.fill_rect(0, 0, _COLUMNS * 8, _LINE_PX + 2, 1)
    display.text(screen.heading, 0, 1, 0)
    y = _LINE_PX + 2
    for line in screen.lines:
        if line:
            display.text(line, 0, y, 1)
        y += _LINE_PX
    display.show()
