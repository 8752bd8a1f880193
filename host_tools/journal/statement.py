"""What a device signs at the end of a pull (docs/journal.md)."""

from typing import Any, NamedTuple, NoReturn

from provisioning import cose, encoding
from provisioning.errors import Malformed

TYP = "application/scanpost-pull+cbor"
NONCE_BYTES = 16
CHAIN_BYTES = 24


class StatementError(Exception):
    """The device's statement is not what it should be. The message says in what."""


class Statement(NamedTuple):
    """first, last: sequence numbers; chain: value behind the last, 24 bytes (None: not known)."""

    device: bytes
    nonce: bytes
    first: int
    last: int
    chain: bytes | None
    unix_s: int


def _read(payload: Any) -> Statement:
    """Raises Malformed."""
    if not isinstance(payload, list) or len(payload) != len(Statement._fields):
        raise Malformed("not an array of six")
    said = Statement(*payload)
    for field, size in (("device", 8), ("nonce", NONCE_BYTES), ("chain", CHAIN_BYTES)):
        value = getattr(said, field)
        if not isinstance(value, bytes) or len(value) != size:
            raise Malformed(f"{field} is not {size} bytes")
    for number in (said.first, said.last, said.unix_s):
        if type(number) is not int or not 0 <= number < 1 << 32:
            raise Malformed("a number out of range")
    return said


def verify(data: bytes, device_key: bytes, expected: Statement) -> Statement:
    """Opens a statement and compares it with what the host has, its time apart.

    device_key: Ed25519, 32 bytes. Raises StatementError.
    """
    try:
        message = cose.Message.parse(data)
        header = message.header()
        if message.tag != cose.TAG_SIGN1 or header != {
            cose.LABEL_ALG: cose.ALG_EDDSA,
            cose.LABEL_TYP: TYP,
        }:
            raise StatementError("The device's statement is of another kind.")
        if len(message.signature) != 64 or not message.is_signed_by(device_key):
            raise StatementError(
                "The device's statement is not signed with its key. Is this another device, or "
                "one that was set up anew? Pull into a new database and keep both."
            )
        said = _read(encoding.decode(message.payload))
    except (Malformed, TypeError, ValueError) as error:
        raise StatementError(f"The device's statement is damaged: {error}") from error
    for name, mine, theirs in zip(Statement._fields[:5], expected, said, strict=False):
        if mine is not None and mine != theirs:
            refuse(name)
    return said


def refuse(name: str) -> NoReturn:
    """Raises StatementError: the device signs for another one than the host has."""
    raise StatementError(
        f"The device signs for another {name} than what was read: "
        "records were altered, removed or added on the way, or in the device. What was "
        "read is kept apart and does not count; nothing was acknowledged. Keep the device; "
        "to go on all the same: --accept-damage"
    )
