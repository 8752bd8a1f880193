"""What is counted in the 32-bit interpreter, in instructions of the chip.

Machine code is executed in an RV32 emulator and counted exactly. The rest is the interpreter, in
the units of rewrite.py: the instructions of WebAssembly that a chip with registers would need too.
`RV32_PER_UNIT` makes RV32 instructions of them. Operations whose RV32 instructions were measured
in an emulator ask for 0.83 (a number of 510 bits reduced: 10 200), 0.85 (two of 255 bits
multiplied: 4 100), 0.87 (a collection at 157 KB: 1.3 M), 1.02 (a power: 6.6 M) and 1.32 (SHA-256,
whose rotations RV32 has to put together); a whole scan whose parts were measured so asks for 0.75
to 0.8. 0.8 gives that scan within 10 %.
What the stand-ins execute is not counted, for the chip has that in C: each call of theirs to a chip
counts `CHIP_CALL`. asyncio is counted: it is bytecode in the image, too.
"""

from pathlib import PurePosixPath

RV32_PER_UNIT = 0.8
CHIP_CALL = 600
MHZ = 160

IMAGE = "image/"
# Of the stand-ins this one is of bytecode on the chip as well. What the others allocate is not
# counted either: on the chip only a read without a buffer of its own does.
COUNTED_IMAGE = {"image/asyncio"}

# Modules and folders by part; a module's own name counts before its folder's.
PARTS = (
    ("wire", {"drivers", "link", "asyncio"}),
    ("Base45", {"base45"}),
    ("CBOR, COSE", {"verify"}),
    ("SHA-512", {"sha512", "sha512_block"}),
    ("curve", {"crypto", "curve_tables"}),
    ("rules", {"app", "keeping", "system", "main"}),
    ("look-up", {"duplicates", "tags"}),
    ("journal", {"journal", "hmac", "aes_ccm", "wipe", "drbg", "hkdf"}),
    ("screen", {"ui", "ssd1306", "led", "buzzer"}),
)
OTHER = "other"


def part_of(module):
    """The part of a scan that a module is, by its own name or its folder's; wherever it lies."""
    path = PurePosixPath(module)
    for name in (path.stem, path.parent.name):
        for part, members in PARTS:
            if name in members:
                return part
    return OTHER


def counted(module):
    """Whether what the module executes counts."""
    return not module.startswith(IMAGE) or module in COUNTED_IMAGE


def instructions(cost):
    """RV32 instructions of a chip.Cost, without its collections."""
    return round(cost.cost * RV32_PER_UNIT) + cost.native


def collections(cost):
    """RV32 instructions of its collections."""
    return round(cost.collections_cost * RV32_PER_UNIT)
