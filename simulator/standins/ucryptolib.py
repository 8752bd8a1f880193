"""The older name of `cryptolib`, which MicroPython keeps."""

from cryptolib import aes  # noqa: F401
