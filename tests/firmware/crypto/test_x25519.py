import sys
from binascii import unhexlify

from crypto.x25519 import public_key, x25519

# RFC 7748 section 5.2: scalar, u, result
VECTORS = (
    (
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ),
    (
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    ),
)


def test_rfc_7748_section_5_2():
    for k, u, result in VECTORS:
        assert x25519(unhexlify(k), unhexlify(u)) == unhexlify(result)


def test_rfc_7748_thousand_iterations():
    # under CPython, where each takes 50 ms, only the first
    k = u = b"\x09" + bytes(31)
    k, u = x25519(k, u), k
    assert k == unhexlify("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
    if sys.implementation.name == "micropython":
        for _ in range(999):
            k, u = x25519(k, u), k
        assert k == unhexlify("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")


def test_small_order_gives_zero():
    assert x25519(b"\x42" * 32, bytes(32)) == bytes(32)
    assert x25519(b"\x42" * 32, b"\x01" + bytes(31)) == bytes(32)
    assert public_key(b"\x42" * 32) != bytes(32)


def test_lengths():
    for k, u in ((b"", bytes(32)), (bytes(32), bytes(31))):
        try:
            x25519(k, u)
        except ValueError:
            continue
        raise AssertionError("a wrong length was taken")
