"""What the application asks of a scanner module, whatever its make: five verbs and a state.

    OFF --start--> IDLE --ask--> READING --a code, or stop--> IDLE
     ^                              |
     +-------- OSError: the module does not answer any more

start(symbologies)  async; finds the module and sets it up. Returns the names of the settings that
                    had to be changed. Raises OSError if none answers.
ask()               async; begins one reading: at most one code comes of it. Raises OSError.
next_code(wanted, look_ms)
                    async; the Code of that reading. Or None, when wanted(), asked each look_ms,
                    says that nobody wants one any more: the reading is ended. Raises OSError.
is_over(code)       True once nothing more belongs to it: only then it may have consequences. False:
                    it goes on, and next_code() gives it again, longer.
is_receiving()      True from a code's first bytes on, until the next is asked for.
state               OFF, IDLE or READING

A code is all bytes from the begin of a reading to a silence on the line, without what the module
puts around it. So whoever prints the end of a line into a code has one code, with a control
character in it, and not two.
"""

from micropython import const

OFF = const(0)
IDLE = const(1)
READING = const(2)

# Symbologies, as the settings number them (docs/signed-objects.md); 0: the module does not say.
UNKNOWN = const(0)
QR = const(1)
CODE_128 = const(2)
DATA_MATRIX = const(3)
PDF417 = const(4)


class Code:
    """What a reading gave; a driver has one, and uses it again.

    data: memoryview of the content, in the driver's buffer. symbology: of the above; code_id: the
    byte by which the module said so (0 to 255), or 0. is_half: it broke off, and is worth nothing.
    """

    def __init__(self):
        self.data = memoryview(b"")
        self.symbology = UNKNOWN
        self.code_id = 0
        self.is_half = False
