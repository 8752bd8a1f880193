"""Power fails inside every flash operation of a long workload, and again while it recovers.

As a sample; SCANPOST_SOAK=1 takes every operation, several times.
"""

import os

from journal_torture import (
    Model,
    TorturedFlash,
    Workload,
    check,
    check_wear,
    mounted,
    use_cheap_hpke,
)
from weak_flash import Dice

SECTORS = 8


def _is_soak():
    return os.getenv("SCANPOST_SOAK") == "1"


def _torture(seed, steps, choose, sectors=SECTORS, is_refusing=False):
    use_cheap_hpke()
    model = Model()
    flash = TorturedFlash(sectors, model, choose)
    workload = Workload(flash, seed, model)
    workload.refusing = is_refusing
    for _ in range(steps):
        workload.step()
    check(mounted(flash, Dice(1)), model)
    # The ring went round, and what did not lose power is worn alike.
    check_wear(flash, 1)
    return flash


def _every(count, offset=0):
    return lambda operation: (operation,) if operation % count == offset else ()


def test_a_cut_inside_any_operation_loses_nothing():
    if _is_soak():
        for seed in (1, 2):
            flash = _torture(seed, 2000, lambda operation: (operation, operation + 1))
            assert flash.survived > 3000
    else:
        flash = _torture(1, 1000, _every(13))
        assert flash.survived > 50
    assert min(flash.erases) > 1


def test_a_cut_loses_nothing_where_the_flash_refuses_operations_as_well():
    if _is_soak():
        for seed in (3, 4):
            _torture(seed, 1200, _every(1), is_refusing=True)
    else:
        flash = _torture(3, 500, _every(31), is_refusing=True)
        assert flash.refusals > 10


def test_the_smallest_ring_keeps_what_it_promised():
    """Four sectors: always near full, so that reserve and emptying are what is cut most."""
    if _is_soak():
        _torture(5, 1500, _every(1), 4)
    else:
        _torture(5, 400, _every(29), 4)
