"""How many names a device has to keep: those of the deployed files that its image has not."""

import pytest

from provisioning import deploy
from provisioning.build import stock
from tools.rv32 import mpy

MOST = 300  # the budget is 1000, the target 600 (docs/firmware.md, RAM)


def names_to_keep(folder):
    """All names in the files, the paths they are loaded from, and their modules' own."""
    names = set()
    for path in folder.glob("*.mpy"):
        names |= {path.name, path.stem, *mpy.read(path.read_bytes()).names}
    # What the format has a number for (`<static name 7>`, "<module>") is in every image.
    numbered = {name for name in names if name.startswith("<")} | set(mpy.COMMON_NAMES)
    return names - numbered - stock.in_every_image()


@pytest.mark.parametrize("board", deploy.board_names())
def test_few_names_are_new_to_the_image(board, tmp_path):
    deploy.compile_firmware(board, tmp_path / "out")
    found = names_to_keep(tmp_path / "out")
    assert 50 < len(found) <= MOST, sorted(found)
