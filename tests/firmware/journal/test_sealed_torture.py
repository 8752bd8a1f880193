"""Power fails inside every flash operation of a long workload, and again while it recovers.

As a sample; SCANPOST_SOAK=1 takes every operation, several times.
"""

import os

from journal_torture import Model, TorturedFlash, Workload, check, mounted, use_cheap_hpke
from weak_flash import Dice

SECTORS = 8


def _is_soak():
    return os.getenv("SCANPOST_SOAK") == "1"


def _torture(seed, steps, choose):
    use_cheap_hpke()
    model = Model()
    flash = TorturedFlash(SECTORS, model, choose)
    workload = Workload(flash, seed, model)
    for _ in range(steps):
        workload.step()
    check(mounted(flash, Dice(1)), model)
    return flash


def test_a_cut_inside_any_operation_loses_nothing():
    if _is_soak():
        for seed in range(1, 5):
            flash = _torture(seed, 3000, lambda operation: range(operation, operation + 4))
            assert flash.survived > 10000
    else:
        flash = _torture(1, 1500, lambda operation: (operation,) if operation % 13 == 0 else ())
        assert flash.survived > 100
    # The ring went round, and power was never what decided how often.
    assert min(flash.erases) > 2
