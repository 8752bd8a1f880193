"""What the CPU can do: the calls under the stand-ins of `machine`, `esp32`, `time` and `select`.

Arguments and results are integers and bytes only, so that they go through a pipe as they are.
Called by whatever executes the firmware (a thread, or the server of a MicroPython process),
one call at a time. Any call raises PowerCut once the power is gone, and Reset when the chip is
reset.
"""

import random

from simulator.nor_flash import PowerCut

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5

CALL_US = 1  # so that a loop that only looks at the time gets somewhere
ADC_US = 40  # a reading
OPEN_PIN_LEVEL = 600
HOST_LINK = 0  # UART 0: the REPL's port
HOST_LINK_BAUD = 115200
HOST_LINK_BUFFER_BYTES = 260  # MicroPython's stdin_ringbuf on the ESP32
NO_DEADLINE = -1
PIN_EDGE = 1 << 8  # among the keys of `wait`: an edge on a watched pin


class Reset(BaseException):
    """The CPU starts over. `cause` is what machine.reset_cause() says then."""

    def __init__(self, cause):
        self.cause = cause


class Cpu:
    def __init__(self, pace, flash, uarts, i2c, pins, mac, seed, table):
        self._pace = pace
        self._clock = pace.clock
        self._flash = flash
        self._uarts = uarts
        self._i2c = i2c
        self._pins = pins
        self._mac = mac
        self._seed = seed
        self._table = table
        self._cause = PWRON_RESET
        self._random = None
        self._rtc_base_us = 0  # simulated time at which the RTC was 2000-01-01
        self._boot_us = 0
        self._watchdog = None
        self._watchdog_us = 0
        self._bitten = False
        self.interrupt_character = 3
        self._interrupted = False
        self.is_waiting = False  # it has nothing to do until a time comes, or bytes do

    def start(self, cause, boot_number):
        """Out of reset: what the ROM and the MicroPython runtime leave set up."""
        now_us = self._clock.now_us()
        if cause == PWRON_RESET:
            self._rtc_base_us = now_us
        self._cause = cause
        self._boot_us = now_us
        self._random = random.Random(f"{self._seed} boot {boot_number}")
        if self._watchdog is not None and cause != SOFT_RESET:
            self._watchdog.cancel()
            self._watchdog = None
        self._bitten = False
        self._interrupted = False
        self.interrupt_character = 3
        self._pins.reset()
        for number, uart in self._uarts.items():
            if number == HOST_LINK:
                if not uart.baud:
                    uart.open(HOST_LINK_BAUD, HOST_LINK_BUFFER_BYTES)
            else:
                uart.close()

    def _enter(self):
        if not self._pace.powered:
            raise PowerCut
        if self._bitten:
            raise Reset(WDT_RESET)
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt

    # time

    def now_us(self):
        """Microseconds since this boot."""
        self._pass(CALL_US)
        return self._clock.now_us() - self._boot_us

    def busy(self, us):
        """Do nothing else for `us` microseconds."""
        self._pass(us)
        return 0

    def wait(self, deadline_us, keys):
        """Wait until `deadline_us` (since boot; -1: no deadline) or a key is readable.

        `keys` and the result are sets of UART numbers as bits, and PIN_EDGE.
        """
        with self._pace.turn:
            self._enter()
            self._pass(CALL_US)
            until_us = None if deadline_us == NO_DEADLINE else self._boot_us + deadline_us
            self.is_waiting = True
            try:
                self._pace.pass_until(
                    until_us,
                    lambda: self._readable(keys) or self._bitten or self._interrupted,
                )
            finally:
                self.is_waiting = False
            self._enter()
            return self._readable(keys)

    def _readable(self, keys):
        ready = 0
        for number, uart in self._uarts.items():
            if keys >> number & 1 and uart.any():
                ready |= 1 << number
        if keys & PIN_EDGE and self._pins.edges:
            ready |= PIN_EDGE
        return ready

    def _pass(self, us):
        with self._pace.turn:
            self._enter()
            self._pace.pass_until(self._clock.now_us() + us)

    def rtc_us(self):
        """The RTC: microseconds since 2000-01-01."""
        self._pass(CALL_US)
        return self._clock.now_us() - self._rtc_base_us

    def rtc_set(self, us):
        """Set the RTC."""
        self._pass(CALL_US)
        self._rtc_base_us = self._clock.now_us() - us
        return 0

    def rtc_skip(self, us):
        """Not a call: the RTC goes on by `us` at once."""
        self._rtc_base_us -= us

    # UARTs

    def uart_open(self, number, baud, rxbuf_bytes):
        """Switch a UART on or change its rate. Raises ValueError for one the chip has not."""
        with self._pace.turn:
            self._enter()
            if number not in self._uarts:
                raise ValueError(f"UART({number}) does not exist")
            self._uarts[number].open(baud, rxbuf_bytes)
            return 0

    def uart_close(self, number):
        """Switch a UART off."""
        with self._pace.turn:
            self._enter()
            self._uarts[number].close()
            return 0

    def uart_any(self, number):
        """How many received bytes can be read."""
        self._pass(CALL_US)
        return self._uarts[number].any()

    def uart_read(self, number, count):
        """Up to `count` received bytes."""
        self._pass(CALL_US)
        with self._pace.turn:
            return self._uarts[number].read(count)

    def uart_write(self, number, data):
        """Send; returns when the rest fits the transmit buffer."""
        with self._pace.turn:
            self._enter()
            self._pace.pass_until(self._uarts[number].write(data))
            return len(data)

    def uart_flush(self, number):
        """Wait until everything written has left."""
        with self._pace.turn:
            self._enter()
            self._pace.pass_until(self._uarts[number].sent_us())
            return 0

    def host_link_arrival(self, data):
        """Not a call: takes the interrupt character out of what reached the host link."""
        if self.interrupt_character >= 0 and self.interrupt_character in data:
            self._interrupted = True
            return bytes(byte for byte in data if byte != self.interrupt_character)
        return data

    def kbd_intr(self, character):
        """The character of the host link that interrupts the program; -1 for none."""
        self._pass(CALL_US)
        self.interrupt_character = character
        return 0

    # flash, I2C, pins

    def flash_read(self, address, count):
        """Bytes of the whole chip's flash."""
        with self._pace.turn:
            self._enter()
            return self._flash.read(address, count)

    def flash_readinto(self, address, buffer):
        """As `flash_read`, into a buffer of the caller's."""
        buffer[:] = self.flash_read(address, len(buffer))
        return 0

    def partitions(self):
        """The partition table as bytes: lines of label,type,subtype,offset,size."""
        self._enter()
        return self._table

    def flash_program(self, address, data):
        """Clear bits."""
        with self._pace.turn:
            self._enter()
            self._flash.program(address, data)
            return 0

    def flash_erase(self, address):
        """Erase the sector at `address`."""
        with self._pace.turn:
            self._enter()
            self._flash.erase(address)
            return 0

    def flash_busy(self, us):
        """Not a call: the flash chip works. Python stands still; the UARTs receive all the same."""
        with self._pace.turn:
            self._pace.pass_until(self._clock.now_us() + us)

    def i2c_write(self, bus, address, data):
        """One write transfer. Raises OSError(ENODEV)."""
        with self._pace.turn:
            self._enter()
            there = self._i2c[bus].acknowledges(address)
            self._pass(self._i2c[bus].duration_us(len(data) if there else 0))
            self._i2c[bus].write(address, data)
            return len(data)

    def i2c_read(self, bus, address, count):
        """One read transfer. Raises OSError(ENODEV)."""
        with self._pace.turn:
            self._enter()
            there = self._i2c[bus].acknowledges(address)
            self._pass(self._i2c[bus].duration_us(count if there else 0))
            return self._i2c[bus].read(address, count)

    def i2c_open(self, bus, freq_hz):
        """Set the rate of a bus."""
        with self._pace.turn:
            self._enter()
            if bus not in self._i2c:
                raise ValueError(f"I2C({bus}) does not exist")
            self._i2c[bus].freq_hz = freq_hz
            return 0

    def pin_write(self, pin, value):
        """Drive an output."""
        with self._pace.turn:
            self._enter()
            self._pins.write(pin, value)
            return 0

    def pin_read(self, pin):
        """Read a level."""
        self._pass(CALL_US)
        return self._pins.read(pin)

    def pin_watch(self, pin, edges):
        """Tell `wait` of these edges on a pin."""
        with self._pace.turn:
            self._enter()
            self._pins.watch(pin, edges)
            return 0

    def pin_edges(self):
        """Pins, as bits, with a watched edge since the last call."""
        with self._pace.turn:
            self._enter()
            return self._pins.take_edges()

    def adc_read(self, pin):
        """A reading of an open pin, 0 to 4095: some level and some noise."""
        self._pass(ADC_US)
        return OPEN_PIN_LEVEL + self._random.randrange(32)

    def pwm(self, pin, freq_hz, duty):
        """A square wave; duty of 65535, 0 for none."""
        with self._pace.turn:
            self._enter()
            self._pins.pwm(pin, freq_hz, duty)
            return 0

    # the chip

    def reset_cause(self):
        """Why this boot."""
        self._enter()
        return self._cause

    def unique_id(self):
        """The factory MAC, 6 bytes."""
        self._enter()
        return self._mac

    def random(self, count):
        """Bytes of the generator: repeatable from the board's seed and the number of the boot."""
        self._enter()
        return self._random.randbytes(count)

    def reset(self, cause):
        """Does not return: raises Reset."""
        self._enter()
        raise Reset(cause)

    def watchdog(self, timeout_ms):
        """Start the watchdog, which cannot be stopped; 0 feeds it."""
        with self._pace.turn:
            self._enter()
            if timeout_ms:
                self._watchdog_us = timeout_ms * 1000
            if self._watchdog is not None:
                self._watchdog.cancel()
            self._watchdog = self._clock.after(self._watchdog_us, self._bite)
            return 0

    def _bite(self):
        self._bitten = True

    def power_lost(self):
        """Not a call: what the chip forgets."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        for uart in self._uarts.values():
            uart.close()
