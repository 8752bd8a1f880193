"""Writes the generated parts of firmware/crypto: unrolled field arithmetic, tables of points."""
