"""Writes the generated parts of firmware/verify: unrolled field arithmetic, tables of points."""
