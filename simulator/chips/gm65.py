"""A GM65 scanner on a UART: registers, frames, rates, saving, and reading what it is shown.

Source: GROW GM65-S user manual V1.3, and what users report: silence for a second after power-up,
no answer to a bad check sum, half a command forgotten after 400 ms, a new rate after the reply.
"""

from binascii import crc_hqx
from collections import namedtuple

from simulator.uart import heard

BOOT_US = 1_000_000
RESET_US = 200_000  # after a return to factory settings
REPLY_US = 3_000  # from the end of a command to its reply
SAVE_US = 40_000  # writing the EEPROM
COMMAND_TIMEOUT_US = 400_000
DECODE_US = 60_000  # from a still picture to its text
TENTH_US = 100_000

READ, WRITE, SAVE = 7, 8, 9
UNCHECKED = b"\xab\xcd"
DONE = b"\x02\x00\x00\x01\x00\x33\x31"

MODE, TRIGGER, SETTING_CODES, SETTLING, PAUSE, LIMIT = 0x00, 0x02, 0x03, 0x04, 0x05, 0x06
SAME_CODE, BAUD, SYMBOLOGIES, TAIL, CONTROL, VERSION = 0x13, 0x2A, 0x2C, 0x60, 0xD9, 0xE0
MANUAL, COMMAND, CONTINUOUS, SENSOR = range(4)
ENABLED_AT = {"QR": 0x3F, "Code128": 0x33, "DataMatrix": 0x54, "PDF417": 0x55}
TAILS = (b"\r", b"\r\n", b"\t", b"")
TAIL_ON, CODE_ID_ON, LIGHT_WHILE_READING, LIGHT_ALWAYS = 0x01, 0x04, 0x04, 0x08
CODE_IDS = {"QR": b"Q", "Code128": b"j", "DataMatrix": b"u", "PDF417": b"r"}

# a QR code that writes a register when setting codes are on
SettingCode = namedtuple("SettingCode", "address value text")


def factory_registers():
    """The memory of a new module."""
    registers = bytearray(256)
    registers[MODE] = 0xD6
    registers[PAUSE] = 10
    registers[LIMIT] = 50
    registers[0x0A] = 0x3E
    registers[0x0E] = 0x04
    registers[BAUD : BAUD + 2] = b"\x39\x01"  # 9600
    registers[SYMBOLOGIES] = 0x02  # all
    for address in ENABLED_AT.values():
        registers[address] = 1
    registers[VERSION : VERSION + 5] = bytes([0x05, 0x64, 0x6E, 20, 6])
    return registers


class Gm65:
    """clock: the simulation's. replies_at_new_rate, refuses_version: as some versions do.

    reply_us: from the end of a command to its reply; replies: how often it says it, once unless it
    is unwell.
    """

    def __init__(self, clock, replies_at_new_rate=False, refuses_version=False):
        self._clock = clock
        self.line = None  # set by the UART it is attached to
        self.saved = factory_registers()
        self.user_defaults = None
        self.saves = 0  # wear of the EEPROM
        self.registers = bytearray(self.saved)
        self._replies_at_new_rate = replies_at_new_rate
        self._refuses_version = refuses_version
        self.reply_us = REPLY_US
        self.replies = 1
        self._awake_us = None  # from when on it answers; None: no power or asleep
        self._powered = False
        self._deep_sleep = False
        self._in = bytearray()
        self._last_us = 0
        self._busy_us = 0
        self._shown = None  # (what, kind)
        self._look = None  # the next look at the picture
        self._read_once = False  # in the sensor's mode: this picture has been read
        self._last_read = (None, 0)  # (text, when)

    @property
    def baud(self):
        """The rate that its registers stand for."""
        divider = self.registers[BAUD] | self.registers[BAUD + 1] << 8
        return 3_000_000 // divider if divider else 0

    @property
    def mode(self):
        return self.registers[MODE] & 3

    @property
    def is_reading(self):
        """Whether it looks for a code: one that is held in front of it now is read."""
        return self._wants_to_read()

    @property
    def is_lit(self):
        """Whether its light is on."""
        setting = self.registers[MODE]
        if not self._powered or setting & LIGHT_ALWAYS:
            return self._powered and bool(setting & LIGHT_ALWAYS)
        return bool(setting & LIGHT_WHILE_READING) and self._wants_to_read()

    # power and memory

    def power(self, on):
        """Power comes (with what was saved, after a second of silence) or goes."""
        self._powered = on
        self._stop_looking()
        self._in.clear()
        self._awake_us = self._busy_us = None
        self._deep_sleep = False
        if on:
            self._start(BOOT_US)

    def _start(self, delay_us):
        self.registers = bytearray(self.saved)
        self.registers[TRIGGER] = 0
        self._awake_us = self._busy_us = self._clock.now_us() + delay_us
        self._clock.at(self._awake_us, self._consider)

    def save(self):
        """What the EEPROM holds."""
        defaults = self.user_defaults
        return {
            "saved": self.saved.hex(),
            "user_defaults": None if defaults is None else defaults.hex(),
            "saves": self.saves,
        }

    def load(self, state):
        """Take a saved EEPROM."""
        self.saved = bytearray.fromhex(state["saved"])
        defaults = state["user_defaults"]
        self.user_defaults = None if defaults is None else bytearray.fromhex(defaults)
        self.saves = state["saves"]
        self.registers = bytearray(self.saved)

    def _running(self):
        return self._awake_us is not None and self._clock.now_us() >= self._awake_us

    # commands

    def receive(self, data, baud, now_us):
        """Bytes from the wire, sent at `baud`."""
        if self._deep_sleep:
            self._deep_sleep = False
            self._start(BOOT_US)
        if not self._running():
            return
        if now_us - self._last_us > COMMAND_TIMEOUT_US:
            self._in.clear()
        self._last_us = now_us
        for byte in heard(data, baud, self.baud):
            self._in.append(byte)
            self._parse()

    def _parse(self):
        buffer = self._in
        while buffer and not b"\x7e\x00".startswith(bytes(buffer[:2])):
            del buffer[0]
        if len(buffer) < 4:
            return
        kind = buffer[2]
        count = buffer[3] or 256
        if kind not in (READ, WRITE, SAVE):
            buffer.clear()  # a bad format has no reply
            return
        if len(buffer) < 6 + count + 2:
            return
        body, check = bytes(buffer[2 : 6 + count]), bytes(buffer[6 + count : 8 + count])
        buffer.clear()
        if check != UNCHECKED and check != crc_hqx(body, 0).to_bytes(2, "big"):
            return
        self._obey(kind, int.from_bytes(body[2:4], "big"), body[4:])

    def _obey(self, kind, address, data):
        old_baud = self.baud
        delay_us = self.reply_us
        reply = DONE
        if kind == READ:
            count = data[0] or 256
            if self._refuses_version and address >= VERSION:
                return
            found = bytes(self.registers[address : address + count]).ljust(count, b"\0")
            body = bytes([0, count & 0xFF]) + found
            reply = b"\x02\x00" + body + crc_hqx(body, 0).to_bytes(2, "big")
        elif kind == SAVE:
            self.saved = bytearray(self.registers)
            self.saves += 1
            delay_us += SAVE_US
        elif address == CONTROL:
            self._clock.after(delay_us, lambda: self._control(data[0]))
        else:
            self._write(address, data)
        rate = self.baud if self._replies_at_new_rate else old_baud
        at_us = max(self._clock.now_us(), self._busy_us) + delay_us
        self._busy_us = at_us
        self._clock.at(at_us, lambda: self._send(reply * self.replies, rate))
        self._clock.at(at_us, self._consider)

    def _write(self, address, data):
        for place, byte in enumerate(data, address):
            if place < VERSION:
                self.registers[place] = byte

    def _control(self, what):
        if what == 0x50:
            self.saved = factory_registers()
            self.user_defaults = None
            self._stop_looking()
            self._start(RESET_US)
        elif what == 0x55:
            self._write(0, self.user_defaults or factory_registers())
        elif what == 0x56:
            self.user_defaults = bytearray(self.registers)
        elif what == 0xA5:
            self._stop_looking()
            self._awake_us = None
            self._deep_sleep = True
        elif what == 0xA0:
            self._stop_looking()
        elif what == 0x00:
            self._consider()

    def _send(self, data, baud):
        if self._powered:
            self.line.send(data, baud)

    # reading codes

    def show(self, what, kind="QR"):
        """Hold a code in front of it: its text as bytes, or a SettingCode."""
        self._shown = (what, kind)
        self._read_once = False
        self._consider()

    def take_away(self):
        """Nothing in front of it any more."""
        self._shown = None
        self._stop_looking()

    def _stop_looking(self):
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _wants_to_read(self):
        if not self._powered or not self._running():
            return False
        if self.mode == COMMAND:
            return bool(self.registers[TRIGGER] & 1)
        return self.mode == CONTINUOUS or (self.mode == SENSOR and not self._read_once)

    def _consider(self):
        """Something changed: start to look, or stop."""
        if self._running() and self.mode == COMMAND and self.registers[TRIGGER] & 1:
            limit_us = self.registers[LIMIT] * TENTH_US
            if limit_us and self._shown is None:
                self._clock.after(limit_us, self._give_up)
        if self._look is None and self._shown is not None and self._wants_to_read():
            settling_us = self.registers[SETTLING] * TENTH_US
            self._look = self._clock.after(settling_us + DECODE_US, self._see)

    def _give_up(self):
        if self._shown is None:
            self.registers[TRIGGER] &= 0xFE

    def _see(self):
        self._look = None
        if self._shown is None or not self._wants_to_read():
            return
        what, kind = self._shown
        if self._may_read(what, kind):
            self._read(what, kind)
        if self.mode == CONTINUOUS:
            pause_us = max(self.registers[PAUSE] * TENTH_US, 1)
            self._look = self._clock.after(pause_us + DECODE_US, self._see)
        elif self._wants_to_read():
            self._look = self._clock.after(DECODE_US, self._see)

    def _may_read(self, what, kind):
        choice = self.registers[SYMBOLOGIES] >> 1 & 3
        if choice == 0 or (choice != 1 and not self.registers[ENABLED_AT[kind]] & 1):
            return False
        delay = self.registers[SAME_CODE]
        same, at_us = self._last_read
        blocked_us = (delay & 0x7F) * TENTH_US if delay & 0x80 else 0
        return what != same or self._clock.now_us() - at_us >= blocked_us

    def _read(self, what, kind):
        self._last_read = (what, self._clock.now_us())
        self._read_once = True
        if self.mode == COMMAND:
            self.registers[TRIGGER] &= 0xFE
        if isinstance(what, SettingCode):
            if not self.registers[SETTING_CODES] & 2:
                self._write(what.address, what.value)
                self.saved = bytearray(self.registers)
                return
            if not self.registers[SETTING_CODES] & 1:
                return
            what = what.text
        code_id = CODE_IDS[kind] if self.registers[TAIL] & CODE_ID_ON else b""
        self._send(code_id + what + self._tail(), self.baud)

    def _tail(self):
        setting = self.registers[TAIL]
        if setting & 0x0A:
            raise NotImplementedError("prefix and suffix are not modelled")
        return TAILS[setting >> 5 & 3] if setting & TAIL_ON else b""
