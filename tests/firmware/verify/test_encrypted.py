"""COSE_Encrypt0: the COSE working group's example of AES-CCM-16-64-256, and what is none."""

from binascii import unhexlify

from verify import cbor
from verify.encrypted import open_encrypt0
from verify.errors import Malformed, Refused

# github.com/cose-wg/Examples, aes-ccm-examples/aes-ccm-enc-05.json
KEY = unhexlify("0F1E2D3C4B5A69788796A5B4C3D2E1F01F2E3D4C5B6A798897A6B5C4D3E2F100")
MESSAGE = unhexlify(
    "D08343A1010BA1054D89F52F65A1C580933B5261A72F581C"
    "28B3BDDFF844A736C5F0EE0F8C691FD0B7ADF9173140CB621DF47C2F"
)


def _reason(data, key=KEY, external=b""):
    try:
        open_encrypt0(data, key, external)
    except Malformed:
        return "MALFORMED"
    except Refused as refused:
        return refused.reason
    return None


def _changed(place, value, tag=16):
    parts = list(cbor.decode(MESSAGE, tagged=True).value)
    parts[place] = value
    return cbor.encode(cbor.Tag(tag, parts))


def test_the_working_groups_example():
    assert open_encrypt0(MESSAGE, KEY, b"") == b"This is the content."


def test_another_key_another_context_or_a_changed_bit():
    assert _reason(MESSAGE, key=bytes(32)) == "BAD_SIGNATURE"
    assert _reason(MESSAGE, external=b"x") == "BAD_SIGNATURE"
    for at in range(len(MESSAGE) - 28, len(MESSAGE)):
        broken = bytearray(MESSAGE)
        broken[at] ^= 1
        assert _reason(bytes(broken)) == "BAD_SIGNATURE", at


def test_what_is_no_such_message():
    nonce = b"n" * 13
    for data, reason in (
        (b"", "MALFORMED"),
        (MESSAGE[1:], "MALFORMED"),
        (MESSAGE + b"\x00", "MALFORMED"),
        (_changed(2, b"short"), "MALFORMED"),
        (_changed(2, None), "MALFORMED"),
        (_changed(1, []), "MALFORMED"),
        (_changed(0, {}), "MALFORMED"),
        (_changed(1, {5: nonce}, tag=18), "UNSUPPORTED"),
        (_changed(0, b""), "MALFORMED"),
        (_changed(0, cbor.encode({1: 10})), "UNSUPPORTED"),
        (_changed(0, cbor.encode({1: 11, 2: [9]})), "UNSUPPORTED"),
        (_changed(1, {}), "UNSUPPORTED"),
        (_changed(1, {5: nonce[1:]}), "UNSUPPORTED"),
        (_changed(1, {5: nonce, 4: b"kid"}), "UNSUPPORTED"),
    ):
        assert _reason(data) == reason, data
