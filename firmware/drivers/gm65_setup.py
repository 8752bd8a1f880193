"""Finds a GM65 scanner module and sets it up (GROW GM65-S manual V1.3).

A setting code printed on paper can mute or reconfigure a module, so setting codes are switched
off and what had to be changed is reported. The module's own beep is off: only the device's
sound says whether a scan counted. docs/gm65.md has the settings and why.
"""

from micropython import const

from drivers import gm65_frames as frames
from drivers import scanner

_BAUD = const(115200)
# The rate it should be at comes first, then the factory's.
_BAUDS = const((115200, 9600, 57600, 38400, 19200))
# It is silent for a second after power-up, and a round over all rates takes 1.75 s.
_ROUNDS = const(2)
# A reply of 103 bytes takes 110 ms at 9600 baud.
_BLOCK_ANSWER_MS = const(350)
_BLOCK_BYTES = const(0x61)  # settings 0x00 to 0x60
_BAUD_ADDRESS = const(0x2A)
_BAUD_VALUE = const(b"\x1a\x00")  # 3 000 000 / 26

# (address, bits that matter, their value, what it is)
_SETTINGS = (
    (frames.MODE_ADDRESS, 0xFF, frames.MODE, "mode"),
    (0x03, 0x03, 0x02, "setting codes"),  # off, and their content is not given out
    (0x06, 0xFF, 0, "time limit"),  # none: the driver ends readings
    (0x07, 0x80, 0x00, "sleep"),
    (0x0D, 0x03, 0x00, "output"),  # to the UART
    (0x0E, 0x04, 0x00, "sound"),
    (0x13, 0x80, 0x00, "same code"),  # the application knows better whether it is still held
    (0x2C, 0x07, 0x05, "symbologies"),  # those chosen one by one, in any direction
    (0x60, 0x6F, 0x05, "tail"),  # the symbology before, CR behind
)
# (symbology, address of its switch, name); QR is always on
_SWITCHES = (
    (scanner.QR, 0x3F, "QR"),
    (scanner.CODE_128, 0x33, "Code 128"),
    (scanner.DATA_MATRIX, 0x54, "Data Matrix"),
    (scanner.PDF417, 0x55, "PDF417"),
)


async def set_up(module, symbologies):
    """What Gm65.start says. module: the Gm65."""
    wanted = list(_SETTINGS)
    for symbology, address, name in _SWITCHES:
        is_on = symbology == scanner.QR or symbology in symbologies
        wanted.append((address, 0x01, 1 if is_on else 0, name))
    block, baud = await _find(module)
    if baud != _BAUD:
        await _change_baud(module)
        _note(module, "baud %d" % baud)
        block = await _read_block(module)
    for address, mask, value, name in wanted:
        if block is not None and block[address] & mask != value:
            byte = block[address] & ~mask & 0xFF | value
            module.receiver.forget()
            await module.exchange(frames.write_command(address, bytes((byte,))), 1)
            _note(module, name)
    # It reads nothing by itself any more, so now the reply is all that comes: nobody can have
    # printed one that says what we want to hear.
    block = await _read_block(module)
    if block is None or module.receiver.used:
        raise OSError("scanner: no answer")
    for address, mask, value, name in wanted:
        if block[address] & mask != value:
            raise OSError("scanner: does not keep " + name)
    if module.changed and await module.exchange(frames.save_command(), 1) is None:
        raise OSError("scanner: settings not saved")
    changed, module.changed = module.changed, []
    return changed


def _note(module, name):
    """Remembered until all is saved, so that a second attempt saves and reports it too."""
    if name not in module.changed:
        module.changed.append(name)


async def _find(module):
    for _ in range(_ROUNDS):
        for baud in _BAUDS:
            module.uart.init(baudrate=baud)
            block = await _read_block(module)
            if block is not None:
                return block, baud
    raise OSError("scanner: no answer")


async def _change_baud(module):
    # The reply comes at the old rate or, from some versions, at the new one, where it cannot
    # be read: what counts is whether the module answers at the new rate.
    module.receiver.forget()
    await module.exchange(frames.write_command(_BAUD_ADDRESS, _BAUD_VALUE), 1)
    module.uart.init(baudrate=_BAUD)


async def _read_block(module):
    module.receiver.forget()
    command = frames.read_command(0, _BLOCK_BYTES)
    return await module.exchange(command, _BLOCK_BYTES, _BLOCK_ANSWER_MS)
