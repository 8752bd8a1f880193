"""A virtual ScanPost device: chips with their real behaviour around a CPU that runs the firmware.

Map: `clock` (simulated time), `nor_flash`, `uart`, `i2c_bus`, `pins` (what chips attach to),
`board` (all of it wired as boards/<name>/board.py says), `runtime_cpython` and
`runtime_micropython` (what executes the firmware), `chips` (scanner, screen, clock chip, ...).
"""
