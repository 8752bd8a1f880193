"""Algorithms only: curve, hashes, ciphers, random bits; no pass, no chip, no file."""
