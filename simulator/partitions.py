"""Partition tables: the CSV that esptool's gen_esp32part reads (ESP-IDF, "Partition Tables")."""

from collections import namedtuple

TYPES = {"app": 0, "data": 1}
SUBTYPES = {"factory": 0x00, "phy": 0x01, "nvs": 0x02, "fat": 0x81, "undefined": 0x06}
SECTOR_BYTES = 4096
APP_ALIGNMENT = 0x10000
TABLE_END = 0x9000  # bootloader and the table itself are below

Partition = namedtuple("Partition", "label type subtype offset size")


def _number(text):
    text = text.strip()
    scale = {"K": 1024, "M": 1024 * 1024}.get(text[-1:].upper(), 1)
    return int(text[:-1] if scale > 1 else text, 0) * scale


def parse(text):
    """The partitions of a CSV table, in order. Raises ValueError on a line that makes no sense."""
    out = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        fields = [field.strip() for field in line.split(",")]
        if len(fields) < 5:
            raise ValueError(f"line {number}: label, type, subtype, offset, size are needed")
        label, kind, subtype, offset, size = fields[:5]
        kind = TYPES[kind] if kind in TYPES else _number(kind)
        subtype = SUBTYPES[subtype] if subtype in SUBTYPES else _number(subtype)
        out.append(Partition(label, kind, subtype, _number(offset), _number(size)))
    return out


def check(partitions, flash_bytes):
    """Raises ValueError when the table overlaps, is not aligned or is larger than the flash."""
    end = TABLE_END
    for part in sorted(partitions, key=lambda part: part.offset):
        alignment = APP_ALIGNMENT if part.type == TYPES["app"] else SECTOR_BYTES
        if part.offset % alignment or part.size % SECTOR_BYTES:
            raise ValueError(f"{part.label} is not aligned")
        if part.offset < end:
            raise ValueError(f"{part.label} overlaps what is before it")
        end = part.offset + part.size
    if end > flash_bytes:
        raise ValueError(f"the table ends at 0x{end:x}, the flash at 0x{flash_bytes:x}")


def read(path, flash_bytes):
    """The checked table of a file."""
    with open(path, encoding="utf-8") as file:
        partitions = parse(file.read())
    check(partitions, flash_bytes)
    return partitions
