"""What a person does with the device: holds a code in front of it, presses buttons, and sees and
hears what it answers. Works on stepped and on paced boards."""

from collections import namedtuple

from simulator.chips.gm65 import COMMAND
from simulator.screen_reader import read_screen

ANSWER_TIMEOUT_MS = 5000
READY_TIMEOUT_MS = 10_000  # no scanner, or one that is not asked to read: nothing to wait for
LOOK_MS = 10  # between two looks whether it is ready
QUIET_US = 150_000  # silence after which a sound was the whole answer
BUTTONS = {"ok": "BUTTON_OK", "back": "BUTTON_BACK", "trigger": "BUTTON_TRIGGER"}

# reacted: whether there was a sound; took_ms: from the code's appearance to the sound's beginning;
# lines: of the screen; sound: ((hertz, ms), ...); lights: names of the lamps that went on
Answer = namedtuple("Answer", "reacted took_ms lines sound lights")
NO_ANSWER = Answer(False, None, [], (), [])


def screen_lines(board):
    """The text on the screen, by line."""
    screen = board.chips["screen"]
    with board.pace.turn:
        frame = bytes(screen.frame())
    return read_screen(frame, board.data.SCREEN_WIDTH, board.data.SCREEN_HEIGHT)


def usual_kind(data):
    """The symbology that a text usually has: passes are QR codes, tubes' numbers Code 128."""
    return "Code128" if len(data) <= 32 and data[:4] != b"SP1:" else "QR"


def is_ready(board):
    """Whether a code that is held in front of the scanner now is read and heeded.

    From outside: the module is in a reading, which the firmware began.
    """
    scanner = board.chips["scanner"]
    with board.pace.turn:
        return board.powered and scanner.mode == COMMAND and scanner.is_reading


def wait_until_ready(board, timeout_ms=READY_TIMEOUT_MS):
    """Let time pass until `is_ready`; whether it came to that."""
    end_us = board.clock.now_us() + timeout_ms * 1000
    while not is_ready(board):
        if board.clock.now_us() >= end_us or not board.powered or board.stopped:
            return False
        board.wait_for_ms(LOOK_MS)
    return True


def show(board, data, kind=None, timeout_ms=ANSWER_TIMEOUT_MS):
    """Hold a code (its text as bytes) in front of the scanner until the device answered.

    kind: QR, Code128, DataMatrix or PDF417; None: what such a text usually is.
    """
    kind = kind or usual_kind(data)
    scanner = board.chips["scanner"]
    observer = board.observer
    began_us = board.clock.now_us()

    def over():
        since_us = observer.ear.quiet_since_us()
        heard = observer.ear.changes and observer.ear.changes[-1][0] > began_us
        return heard and since_us is not None and board.clock.now_us() - since_us > QUIET_US

    board.pace.outside(lambda: scanner.show(data, kind))
    reacted = board.wait_until(over, timeout_ms)
    board.pace.outside(scanner.take_away)
    sounds = observer.ear.sounds(began_us)
    lights = [
        name
        for name, lamp in (("green", observer.green), ("red", observer.red))
        if any(lit and at_us >= began_us for at_us, lit in lamp.changes)
    ]
    return Answer(
        bool(reacted),
        (sounds[0].at_us - began_us) // 1000 if sounds else None,
        screen_lines(board),
        sounds[0].tones if sounds else (),
        lights,
    )


def press(board, button, hold_ms=100):
    """Press a button ("ok" or "back") for `hold_ms`. Raises KeyError for one that is not there."""
    pin = getattr(board.data, BUTTONS[button])
    board.pace.outside(lambda: board.pins.drive(pin, 0))
    end_us = board.clock.now_us() + hold_ms * 1000
    board.wait_until(lambda: board.clock.now_us() >= end_us, hold_ms * 2)
    board.pace.outside(lambda: board.pins.drive(pin, None))
