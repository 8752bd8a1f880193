"""Algorithms only: curve, hashes, ciphers, random bits; no pass, no chip, no file.

euclid, field, limbs, plans, points, rows, scalars, sha512 and sha512_block have machine code: they
are loaded first and stay (system/machine_code.py). hpke, preparation, signing and x25519 come and
go (system/rooms.py), and have none.
"""
