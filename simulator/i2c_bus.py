"""An I2C bus: chips at 7-bit addresses, and the time that transfers take.

A chip on the bus has `write(data, now_us)` (the bytes of one write transfer) and
`read(count, now_us) -> bytes`. A write followed by a read is how a register is read: the chip
remembers its register pointer between the two, as the real ones do.
"""

import errno


class I2cBus:
    def __init__(self, clock, freq_hz=400_000):
        self._clock = clock
        self._chips = {}
        self.freq_hz = freq_hz

    def attach(self, address, chip):
        """Put `chip` at a 7-bit address."""
        if address in self._chips:
            raise ValueError(f"two chips at I2C address 0x{address:02x}")
        self._chips[address] = chip

    def detach(self, address):
        """Unplug the chip at `address`: nobody acknowledges there any more."""
        del self._chips[address]

    def acknowledges(self, address):
        """Whether a chip answers to `address`."""
        return address in self._chips

    def write(self, address, data):
        """One write transfer. Raises OSError(ENODEV) when nobody acknowledges."""
        chip = self._chips.get(address)
        if chip is None:
            raise OSError(errno.ENODEV, "no acknowledge")
        chip.write(bytes(data), self._clock.now_us())

    def read(self, address, count):
        """One read transfer of `count` bytes. Raises OSError(ENODEV) when nobody acknowledges."""
        chip = self._chips.get(address)
        if chip is None:
            raise OSError(errno.ENODEV, "no acknowledge")
        data = chip.read(count, self._clock.now_us())
        if len(data) != count:
            raise RuntimeError(f"{type(chip).__name__} gave {len(data)} bytes, not {count}")
        return bytes(data)

    def duration_us(self, count):
        """How long a transfer of `count` bytes keeps the bus: 9 bits a byte, and the address."""
        return (count + 1) * 9 * 1_000_000 // self.freq_hz
