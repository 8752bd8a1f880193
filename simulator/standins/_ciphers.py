"""What the AES stand-in is made of; the firmware itself must not find `cryptography`."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

__all__ = ["Cipher", "algorithms", "modes"]
