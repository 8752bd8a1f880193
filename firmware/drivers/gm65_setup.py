"""Finds a GM65 scanner module and sets it up (GROW GM65-S manual V1.3).

A setting code printed on paper can mute or reconfigure a module, so setting codes are switched
off and what had to be changed is reported. The module's own beep is off: only the device's
sound says whether a scan counted. docs/gm65.md has the settings and why.
"""

import asyncio
import struct

from micropython import const

from drivers.gm65_frames import crc16

_BAUD = const(115200)
# The rate it should be at comes first, then the factory's.
_BAUDS = const((115200, 9600, 57600, 38400, 19200))
_ANSWER_MS = const(150)
# It is silent for a second after power-up, and a round over all rates takes 1.25 s.
_ROUNDS = const(3)
_BLOCK_BYTES = const(0x61)  # settings 0x00 to 0x60
_BAUD_ADDRESS = const(0x2A)
_BAUD_VALUE = const(b"\x1a\x00")  # 3 000 000 / 26

# (address, bits that matter, their value, what it is)
_SETTINGS = const(
    (
        (0x00, 0xC3, 0x82, "mode"),  # light on a good read, no sound, read continuously
        (0x03, 0x03, 0x02, "setting codes"),  # off, and their content is not given out
        (0x05, 0xFF, 1, "pause"),  # 0.1 s between reads
        (0x06, 0xFF, 0, "time limit"),  # none
        (0x07, 0x80, 0x00, "sleep"),
        (0x0D, 0x03, 0x00, "output"),  # to the UART
        (0x0E, 0x04, 0x00, "sound"),
        (0x13, 0xFF, 0x80 + 50, "same code"),  # the same code again after 5 s
        (0x2C, 0x07, 0x05, "symbologies"),  # those chosen one by one, in any direction
        (0x3F, 0x01, 0x01, "QR"),
        (0x33, 0x01, 0x01, "Code 128"),
        (0x54, 0x01, 0x00, "Data Matrix"),
        (0x55, 0x01, 0x00, "PDF417"),
        (0x60, 0x6F, 0x01, "tail"),  # CR, nothing else around the code
    )
)

_READ = const(7)
_WRITE = const(8)
_SAVE = const(9)


def _command(kind, length, address, data):
    body = struct.pack(">BBH", kind, length & 0xFF, address) + data
    return b"\x7e\x00" + body + struct.pack(">H", crc16(body))


def read_command(address, count):
    """Asks for `count` (1 to 256) settings from `address` on; the reply has that many bytes."""
    return _command(_READ, 1, address, bytes((count & 0xFF,)))


def write_command(address, data):
    """Writes settings (1 to 256 bytes) from `address` on; the reply is one zero byte."""
    return _command(_WRITE, len(data), address, data)


def save_command():
    """Writes the settings to the EEPROM; the reply is one zero byte."""
    return _command(_SAVE, 1, 0, b"\x00")


async def set_up(module):
    """What Gm65.start says. module: the Gm65."""
    block, baud = await _find(module)
    if baud != _BAUD:
        await _change_baud(module)
        _note(module, "baud %d" % baud)
        block = await _read_block(module)
    for address, mask, value, name in _SETTINGS:
        if block is not None and block[address] & mask != value:
            byte = block[address] & ~mask & 0xFF | value
            await _ask(module, write_command(address, bytes((byte,))), 1)
            _note(module, name)
    if module.changed:
        block = await _read_block(module)
    _check(block)
    if module.changed:
        if await _ask(module, save_command(), 1) is None:
            raise OSError("scanner: settings not saved")
        module.stream.forget_line()
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
            module.stream.forget_line()
            block = await _read_block(module)
            if block is not None:
                return block, baud
    raise OSError("scanner: no answer")


async def _change_baud(module):
    # The reply comes at the old rate or, from some versions, at the new one, where it cannot
    # be read: what counts is whether the module answers at the new rate.
    await _ask(module, write_command(_BAUD_ADDRESS, _BAUD_VALUE), 1)
    module.uart.init(baudrate=_BAUD)
    module.stream.forget_line()


def _check(block):
    if block is None:
        raise OSError("scanner: no answer")
    for address, mask, value, name in _SETTINGS:
        if block[address] & mask != value:
            raise OSError("scanner: does not keep " + name)


async def _read_block(module):
    return await _ask(module, read_command(0, _BLOCK_BYTES), _BLOCK_BYTES)


async def _ask(module, command, data_bytes):
    """Sends a command; returns the data of its reply, or None if none comes in time."""
    stream = module.stream
    stream.expect(data_bytes)
    module.uart.write(command)
    # A reply of 97 bytes takes 110 ms at 9600 baud, and 13 ms more for each command byte.
    try:
        await asyncio.wait_for_ms(_receive_reply(module), _ANSWER_MS + data_bytes)
    except asyncio.TimeoutError:
        module.keep(stream.expect_nothing())
    return stream.reply


async def _receive_reply(module):
    while module.stream.reply is None:
        await module.receive()
