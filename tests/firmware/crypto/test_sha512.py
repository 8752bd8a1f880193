from binascii import unhexlify

from crypto.sha512 import sha512

# RFC 6234 section 8.5, TEST1 to TEST4, and the empty message of FIPS 180-4's examples
EMPTY = (
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
)
ABC = (
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
)
TWO_BLOCKS = (
    "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
    "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
)


def test_empty_message():
    assert sha512() == unhexlify(EMPTY)
    assert sha512(b"", b"") == unhexlify(EMPTY)


def test_rfc_6234():
    assert sha512(b"abc") == unhexlify(ABC)
    text = (
        b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
        b"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
    )
    assert sha512(text) == unhexlify(TWO_BLOCKS)


def test_parts_are_joined():
    assert sha512(b"a", b"", bytearray(b"b"), memoryview(b"c")) == unhexlify(ABC)
