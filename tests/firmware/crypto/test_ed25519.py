from binascii import unhexlify

from crypto import ed25519, signing

# RFC 8032 section 7.1: private key, public key, message, signature
RFC_8032 = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
        "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da0"
        "85ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac1"
        "8ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b5890"
        "9351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
)


def test_rfc_8032_section_7_1():
    for seed, public, message, signature in RFC_8032:
        seed, public = unhexlify(seed), unhexlify(public)
        message, signature = unhexlify(message), unhexlify(signature)
        assert signing.public_key(seed) == public
        assert signing.sign(seed, message) == signature
        assert ed25519.verify(public, message, signature)
        assert not ed25519.verify(public, message + b"x", signature)


def test_lengths():
    _, public, message, signature = [unhexlify(x) for x in RFC_8032[1]]
    assert not ed25519.verify(public[:31], message, signature)
    assert not ed25519.verify(public, message, signature + b"\0")
    assert not ed25519.is_acceptable_key(public + b"\0")


def test_acceptable_keys():
    assert ed25519.is_acceptable_key(unhexlify(RFC_8032[0][1]))
    assert not ed25519.is_acceptable_key(b"\x01" + bytes(31))  # the identity
    assert not ed25519.is_acceptable_key(b"\x02" + bytes(31))  # no such point
    assert not ed25519.is_acceptable_key(b"\xee" + b"\xff" * 30 + b"\x7f")  # y = p + 1
