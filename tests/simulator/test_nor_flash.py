"""The simulated flash chip: what NOR does, and what a power cut leaves."""

import pytest

from simulator.nor_flash import NorFlash, PowerCut


def chip(tmp_path, **how):
    return NorFlash(tmp_path / "flash.bin", 64 * 1024, **how)


def test_programming_only_clears_bits_and_erasing_sets_a_sector(tmp_path):
    flash = chip(tmp_path)
    flash.program(10, b"\xf0\x0f")
    flash.program(10, b"\x3c\xff")
    assert flash.read(9, 4) == b"\xff\x30\x0f\xff"
    flash.erase(0)
    assert flash.read(0, 4096) == b"\xff" * 4096
    with pytest.raises(ValueError):
        flash.erase(1)


def test_contents_survive_and_operations_take_their_time(tmp_path):
    spent = []
    flash = chip(tmp_path, busy=lambda us: spent.append(us))
    flash.program(250, bytes(20))  # crosses a page
    flash.erase(4096)
    assert spent == [700, 700, 45_000]
    assert (flash.program_count, flash.erase_count, flash.operations) == (2, 1, 3)
    flash.close()
    assert chip(tmp_path).read(249, 3) == b"\xff\0\0"


def test_a_cut_program_leaves_half_done_bits(tmp_path):
    flash = chip(tmp_path, seed=3)
    flash.cut_at(0, 5)
    with pytest.raises(PowerCut):
        flash.program(0, bytes(16))
    left = flash.read(0, 16)
    assert left[:5] == bytes(5)
    assert left != bytes(16)
    flash.program(0, bytes(16))
    assert flash.read(0, 16) == bytes(16)


def test_a_cut_erase_leaves_anything_and_unsteady_bits(tmp_path):
    shapes = set()
    unsteady = False
    for seed in range(8):
        (tmp_path / str(seed)).mkdir()
        flash = chip(tmp_path / str(seed), seed=seed)
        flash.program(0, bytes(4096))
        flash.cut_at(16)
        with pytest.raises(PowerCut):
            flash.erase(0)
        shapes.add(flash.read(0, 4096))
        unsteady |= len({flash.read(0, 4096) for _ in range(5)}) > 1
        flash.erase(0)
        assert flash.read(0, 4096) == b"\xff" * 4096
    assert len(shapes) == 8
    assert unsteady
