"""Base45 (RFC 9285): bytes as the characters that a QR code holds densely."""

from provisioning.errors import Malformed

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}


def encode(data: bytes) -> str:
    """Base45 of any bytes."""
    text = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, 45)
            text.append(_ALPHABET[digit])
    return "".join(text)


def decode(text: str) -> bytes:
    """The bytes of a Base45 text. Raises Malformed (a foreign character, a group too large)."""
    data = bytearray()
    for at in range(0, len(text), 3):
        group = text[at : at + 3]
        try:
            number = sum(_VALUES[character] * 45**place for place, character in enumerate(group))
            data += number.to_bytes(len(group) - 1, "big")
        except (KeyError, OverflowError) as error:
            raise Malformed(f"base45: no group of it, at character {at}") from error
        if len(group) == 1:
            raise Malformed("base45: one character left over")
    return bytes(data)
