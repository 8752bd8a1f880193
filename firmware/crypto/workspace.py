"""The memory for what the curve and the hash work in: one after the other, so they share it.

work     the curve's slots and tables (crypto/points.py), good while a key or signature is
         computed
tables   its tables' part; between two computations it is free, and SHA-512 has its words there
"""

from micropython import const

# routines, slots, offsets and plans, written by tools/curve25519/programs.py
_TABLES = const(1920)
_WORK_BYTES = const(9088)

work = bytearray(_WORK_BYTES)
tables = memoryview(work)[_TABLES:]
