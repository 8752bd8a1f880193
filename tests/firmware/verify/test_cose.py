"""COSE messages of the COSE working group's examples (github.com/cose-wg/Examples)."""

from binascii import unhexlify

from verify import cbor, cose
from verify.errors import Malformed

CONTENT = b"This is the content."
# eddsa-examples/eddsa-sig-01; its key is RFC 8032's first
EDDSA_KEY = unhexlify("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
EDDSA_SIG_01 = unhexlify(
    "d28445a201270300a10442313154546869732069732074686520636f6e74656e742e58407142fd2ff96d56db85be"
    "e905a76ba1d0b7321a95c8c4d3607c5781932b7afb8711497dfa751bf40b58b3bcc32300b1487f3db34085eef013"
    "bf08f4a44d6fef0d"
)
# hmac-examples/HMac-enc-01 and HMac-enc-05
SECRET = unhexlify("849b57219dae48de646d07dbb533566e976686457c1491be3a76dcea6c427188")
HMAC_ENC_01 = unhexlify(
    "d18443a10105a054546869732069732074686520636f6e74656e742e5820a1a848d3471f9d61ee49018d244c8247"
    "72f223ad4f935293f1789fc3a08d8c58"
)
HMAC_ENC_05 = unhexlify(
    "d18443a10104a054546869732069732074686520636f6e74656e742e4811f9e357975fb849"
)


def _refused(function, *arguments):
    try:
        function(*arguments)
    except Malformed:
        return True
    return False


def test_eddsa_sig_01():
    message = cose.Message(EDDSA_SIG_01)
    assert message.tag == 18
    assert message.payload == CONTENT
    assert message.unprotected == {4: b"11"}
    assert message.is_signed_by(EDDSA_KEY)
    assert _refused(message.header)  # nothing may stand in the unprotected header here
    message.payload = b"This is the content!"
    assert not message.is_signed_by(EDDSA_KEY)


def test_hmac_enc_01_and_05():
    for data, alg, length in ((HMAC_ENC_01, 5, 32), (HMAC_ENC_05, 4, 8)):
        message = cose.Message(data)
        assert message.tag == 17
        assert message.payload == CONTENT
        assert message.header() == {1: alg}
        assert message.is_tagged_with(SECRET, length)
        assert not message.is_tagged_with(SECRET, 40 - length)
        assert not message.is_tagged_with(bytes(32), length)
        message.protected = cbor.encode({1: 9 - alg})
        assert not message.is_tagged_with(SECRET, length)


def test_shapes():
    good = [b"\xa0", {}, b"", b""]
    assert cose.Message(cbor.encode(cbor.Tag(99, good))).tag == 99
    assert _refused(cose.Message, cbor.encode(good))
    assert _refused(cose.Message, cbor.encode(cbor.Tag(18, good[:3])))
    assert _refused(cose.Message, cbor.encode(cbor.Tag(18, good + [b""])))
    assert _refused(cose.Message, cbor.encode(cbor.Tag(18, {})))
    for index, value in ((0, {}), (0, None), (1, []), (1, b""), (2, None), (2, "text"), (3, 1)):
        parts = list(good)
        parts[index] = value
        assert _refused(cose.Message, cbor.encode(cbor.Tag(18, parts))), index


def test_protected_header_is_one_map():
    for protected in (b"", b"\xf6", b"\x80", b"\xa0\x00", b"\xa1\x01", b"\xbf\xff"):
        message = cose.Message(cbor.encode(cbor.Tag(18, [protected, {}, b"", b""])))
        assert _refused(message.header), protected
