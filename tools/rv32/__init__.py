"""Runs compiled firmware modules for RV32 on a PC, and counts what that would cost on the chip.

mpy.py reads .mpy files, machine.py executes their machine code in an emulator, vm.py their
bytecode; measure.py counts.
"""
