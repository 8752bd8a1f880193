"""`machine` as stock MicroPython has it on the ESP32, as far as it is modelled.

What is not here raises AttributeError; nothing pretends.
"""

import _board

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5


def reset():
    """Restart the chip. Does not return."""
    _board.cpu.reset(HARD_RESET)


def soft_reset():
    """Restart the interpreter. Does not return."""
    _board.cpu.reset(SOFT_RESET)


def reset_cause():
    """One of the *_RESET constants."""
    return _board.cpu.reset_cause()


def unique_id():
    """The factory MAC, 6 bytes."""
    return _board.cpu.unique_id()


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_UP = 2
    PULL_DOWN = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, id, mode=-1, pull=-1, value=None):
        if not isinstance(id, int):
            raise ValueError("invalid pin")
        self.id = id
        self._output = False
        self.init(mode, pull, value)

    def init(self, mode=-1, pull=-1, value=None):
        if mode != -1:
            self._output = mode in (self.OUT, self.OPEN_DRAIN)
        if value is not None:
            self.value(value)

    def value(self, *value):
        if value:
            if self._output:
                _board.cpu.pin_write(self.id, 1 if value[0] else 0)
            return None
        return _board.cpu.pin_read(self.id)

    def __call__(self, *value):
        return self.value(*value)

    def irq(self, handler=None, trigger=IRQ_RISING | IRQ_FALLING):
        import _edges

        if handler is None:
            _edges.handlers.pop(self.id, None)
        else:
            _edges.handlers[self.id] = (handler, self)
        _board.cpu.pin_watch(self.id, trigger if handler else 0)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class ADC:
    """12 bits. The attenuation changes nothing: nothing is modelled that drives such a pin."""

    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3

    def __init__(self, pin, atten=ATTN_0DB):
        self._pin = pin.id if isinstance(pin, Pin) else pin

    def read(self):
        return _board.cpu.adc_read(self._pin)

    def read_u16(self):
        raw = self.read()
        return raw << 4 | raw >> 8


class PWM:
    """The sound that a pin makes. duty_u16 of 0 is silence, of 32768 a square wave."""

    def __init__(self, dest, freq=None, duty_u16=None, duty=None):
        self._pin = dest.id
        self._freq = 5000
        self._duty = 32768
        self.init(freq, duty_u16, duty)

    def init(self, freq=None, duty_u16=None, duty=None):
        if duty is not None:
            duty_u16 = duty * 64
        if freq is not None:
            if not 1 <= freq <= 40_000_000:
                raise ValueError("frequency must be from 1Hz to 40MHz")
            self._freq = freq
        if duty_u16 is not None:
            self._duty = duty_u16
        _board.cpu.pwm(self._pin, self._freq, self._duty)

    def deinit(self):
        _board.cpu.pwm(self._pin, 0, 0)

    def freq(self, *freq):
        if not freq:
            return self._freq
        return self.init(freq=freq[0])

    def duty_u16(self, *duty):
        if not duty:
            return self._duty
        return self.init(duty_u16=duty[0])

    def duty(self, *duty):
        if not duty:
            return self._duty // 64
        return self.init(duty=duty[0])


class UART:
    """A UART without timeouts: reads give what is there, or None."""

    def __init__(self, id, baudrate=115200, **how):
        self._key = id  # what select's stand-in waits for
        self._rxbuf = 256
        self.init(baudrate, **how)

    def init(
        self,
        baudrate=None,
        bits=8,
        parity=None,
        stop=1,
        tx=None,
        rx=None,
        txbuf=256,
        rxbuf=None,
        timeout=0,
        timeout_char=0,
    ):
        if bits != 8 or parity is not None or stop != 1:
            raise ValueError("only 8N1 is modelled")
        if timeout or timeout_char:
            raise ValueError("timeouts are not modelled")
        if baudrate is not None:
            self._baud = baudrate
        if rxbuf is not None:
            self._rxbuf = rxbuf
        _board.cpu.uart_open(self._key, self._baud, self._rxbuf)

    def deinit(self):
        _board.cpu.uart_close(self._key)

    def any(self):
        return _board.cpu.uart_any(self._key)

    def read(self, nbytes=-1):
        data = _board.cpu.uart_read(self._key, 0x7FFFFFFF if nbytes < 0 else nbytes)
        return data or None

    def readinto(self, buf, nbytes=-1):
        room = len(buf) if nbytes < 0 else min(nbytes, len(buf))
        data = _board.cpu.uart_read(self._key, room)
        if not data:
            return None
        memoryview(buf)[: len(data)] = data
        return len(data)

    def readline(self):
        line = b""
        while True:
            one = _board.cpu.uart_read(self._key, 1)
            if not one:
                return line or None
            line += one
            if one == b"\n":
                return line

    def write(self, buf):
        if isinstance(buf, str):
            buf = buf.encode()
        return _board.cpu.uart_write(self._key, buf)

    def flush(self):
        _board.cpu.uart_flush(self._key)


class I2C:
    def __init__(self, id, scl=None, sda=None, freq=400000, timeout=50000):
        self._bus = id
        _board.cpu.i2c_open(id, freq)

    def scan(self):
        found = []
        for address in range(0x08, 0x78):
            try:
                _board.cpu.i2c_write(self._bus, address, b"")
            except OSError:
                continue
            found.append(address)
        return found

    def writeto(self, addr, buf, stop=True):
        return _board.cpu.i2c_write(self._bus, addr, buf)

    def writevto(self, addr, vector, stop=True):
        return _board.cpu.i2c_write(self._bus, addr, b"".join(bytes(part) for part in vector))

    def readfrom(self, addr, nbytes, stop=True):
        return _board.cpu.i2c_read(self._bus, addr, nbytes)

    def readfrom_into(self, addr, buf, stop=True):
        memoryview(buf)[:] = _board.cpu.i2c_read(self._bus, addr, len(buf))

    def readfrom_mem(self, addr, memaddr, nbytes, addrsize=8):
        _board.cpu.i2c_write(self._bus, addr, memaddr.to_bytes(addrsize // 8, "big"))
        return _board.cpu.i2c_read(self._bus, addr, nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf, addrsize=8):
        memoryview(buf)[:] = self.readfrom_mem(addr, memaddr, len(buf), addrsize=addrsize)

    def writeto_mem(self, addr, memaddr, buf, addrsize=8):
        start = memaddr.to_bytes(addrsize // 8, "big")
        _board.cpu.i2c_write(self._bus, addr, start + bytes(buf))


def __getattr__(name):
    # What the firmware has no use for takes none of its heap.
    import _machine_more

    return getattr(_machine_more, name)
