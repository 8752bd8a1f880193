"""CRC-16/XMODEM: polynomial 0x1021, start 0, no reflection (check: 0x31C3 for "123456789")."""


def crc16(data, crc=0):
    """The CRC of `data` (any bytes-like), continuing from `crc`."""
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc
