"""Every board's flash adds up."""

from pathlib import Path

import pytest

from simulator import partitions

BOARDS = Path(__file__).parents[2] / "boards"


@pytest.mark.parametrize("board", sorted(path.name for path in BOARDS.iterdir() if path.is_dir()))
def test_the_table_fits_the_flash(board):
    values = {}
    exec((BOARDS / board / "board.py").read_text(), values)
    table = partitions.read(BOARDS / board / "partitions.csv", values["FLASH_BYTES"])
    labels = {part.label: part for part in table}
    assert {"nvs", "phy_init", "factory", "vfs", "lists", "curve", "journal"} == set(labels)
    assert labels["factory"].offset == 0x10000
    assert labels["journal"].size == 1024 * 1024
    pins = [
        value
        for name, value in values.items()
        if name.startswith(("SCANNER_TX", "SCANNER_RX", "I2C_S", "BUZZER", "LED", "BUTTON"))
    ]
    assert len(pins) == len(set(pins)) == 10


def test_overlaps_and_overflows_are_refused():
    with pytest.raises(ValueError, match="overlaps"):
        partitions.check(
            partitions.parse("a,data,0x40,0x10000,8K\nb,data,0x40,0x11000,4K"), 1 << 22
        )
    with pytest.raises(ValueError, match="ends"):
        partitions.check(partitions.parse("a,data,0x40,0x10000,8M"), 1 << 22)
