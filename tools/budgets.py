"""What the firmware may take of an ESP32 without PSRAM: the limits of tests, in one place.

`LIMITS` is what is to be kept; `TODAY` what the firmware keeps now, where that is more: a measured
figure and a little room. As the firmware gets smaller its row in `TODAY` is lowered, and taken out
once it is not needed any more; nothing is ever raised without its reason beside it.
Bytes, machine code included, unless said otherwise.
"""

KB = 1024

# What Python and machine code have together on an ESP32 without PSRAM, with a stock image, and the
# first of the pieces that the heap is made of.
CHIP_BYTES = 195 * KB
FIRST_AREA_BYTES = 56 * KB

LIMITS = {
    "resident": 118 * KB,  # while scanning, with 1 000 registrations kept
    "peak": 138 * KB,  # live at most in any operation, with 5 000 kept
    "largest_block": 6 * KB,  # at least: after 12 hours with a pull each hour, in pieces
    "machine_code": 20 * KB,
    "names": 1000,
}
TARGETS = {"resident": 100 * KB, "peak": 125 * KB, "largest_block": 12 * KB, "names": 600}
SCAN_LIMITS = {  # from a public pass's last byte on the wire to the tone, prepared key, 5 000 kept
    "allocated_bytes": 3000,
    "collections": 0,
    "instructions": 7_000_000,
    "ms_at_160mhz": 50,
}
SCAN_TARGETS = {
    "allocated_bytes": 500,
    "collections": 0,
    "instructions": 5_500_000,
    "ms_at_160mhz": 38,
}

TODAY = {
    "resident": 134 * KB,
    "peak": 174 * KB,
}
SCAN_TODAY: dict[str, int] = {}  # a scan keeps to its limits


def limit(name):
    """What a test holds the firmware to now."""
    return TODAY.get(name, LIMITS[name])


def scan_limit(name):
    """The same for a scan."""
    return SCAN_TODAY.get(name, SCAN_LIMITS[name])
