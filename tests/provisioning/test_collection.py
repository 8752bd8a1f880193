"""The list of collection keys, on the host and as the device reads it."""

import hashlib

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from verify.collection import CollectionKeys
from verify.cose import open_signed as open_on_device
from verify.errors import Malformed as DeviceMalformed

from provisioning import collection, cose, keys
from provisioning.collection import CollectionList, row_of
from provisioning.errors import Malformed, NotAllowed
from provisioning.key_checks import P
from provisioning.signed import open_signed, seal

ROOT = Ed25519PrivateKey.generate()
ROOT_PUBLIC = keys.raw_public(ROOT)
OLD, NEW, EQUAL = (keys.raw_public(X25519PrivateKey.generate()) for _ in range(3))
# Of order 8, from RFC 7748's errata and https://cr.yp.to/ecdh.html; and 0, 1, p - 1, p, p + 1.
SMALL_ORDER = [
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    *(number.to_bytes(32, "little") for number in (0, 1, P - 1, P, P + 1, 1 << 255)),
]


def _list(*rows):
    found = CollectionList()
    for row in rows:
        found = found.with_key(row)
    return found


def test_the_kid_is_the_thumbprints_beginning():
    thumbprint = hashlib.sha256(cbor2.dumps({1: 1, -1: 4, -2: OLD}, canonical=True)).digest()
    assert row_of(OLD, 1).kid == thumbprint[:8] != cose.kid_of(OLD)


def test_the_device_reads_it_and_uses_the_same_key_at_all_times():
    made = _list(row_of(NEW, 2000, "new"), row_of(OLD, 1000, "旧"), row_of(EQUAL, 2000))
    data = seal(ROOT, collection.TYP, 7, 1790000000, made.body())
    opened = open_signed(data, collection.TYP, ROOT_PUBLIC)
    assert CollectionList.from_body(opened.body) == made
    sequence, _, body = open_on_device(data, ROOT_PUBLIC, collection.TYP)
    device = CollectionKeys.from_body(body)
    assert sequence == 7
    for now in (0, 999, 1000, 1999, 2000, 1 << 32):
        here = made.at(now)
        assert device.at(now) == (here and (here.kid, here.key))
    assert made.at(2000).key == EQUAL  # of two that begin at once the one that was added last


@pytest.mark.parametrize("key", SMALL_ORDER, ids=bytes.hex)
def test_keys_of_small_order_are_refused_here_and_there(key):
    with pytest.raises(NotAllowed, match="small order"):
        row_of(key, 1)
    row = [cose.x25519_kid_of(key), key, 1, ""]
    with pytest.raises(Malformed):
        CollectionList.from_body([row])
    with pytest.raises(DeviceMalformed):
        CollectionKeys.from_body([row])


def test_the_bytes_on_the_page():
    row = row_of(OLD, 1790000000, "lab")
    assert cbor2.dumps(_list(row).body()) == (
        b"\x81\x84\x48" + row.kid + b"\x58\x20" + OLD + bytes.fromhex("1a6ab13b80") + b"\x63lab"
    )


def test_eight_keys_and_no_more():
    made = _list(*(row_of(keys.raw_public(X25519PrivateKey.generate()), n) for n in range(8)))
    assert CollectionKeys.from_body(made.body()).at(99)[0] == made.keys[7].kid
    with pytest.raises(NotAllowed, match="8"):
        made.with_key(row_of(OLD, 1))
    changed = made.with_key(made.keys[0]._replace(name="again"))  # its own row gives way
    assert len(changed.keys) == 8 and changed.keys[-1].name == "again"
    assert len(made.without(made.keys[0].kid).keys) == 7
    with pytest.raises(NotAllowed, match="No collection key"):
        made.without(bytes(8))


def test_rows_that_no_list_has():
    for start, name in ((-1, ""), (1 << 32, ""), (1, "x" * 33), (1, "\udcff")):
        with pytest.raises(NotAllowed):
            row_of(OLD, start, name)
    good = list(row_of(OLD, 1))
    for body in (
        {},
        [good] * 2,
        [good[:3]],
        [[bytes(8), *good[1:]]],
        [[good[0], OLD[:31], 1, ""]],
        [[good[0], None, 1, ""]],
        [[*good[:2], True, ""]],
        [[*good[:2], 1 << 32, ""]],
        [[*good[:3], None]],
        [[*good[:3], "x" * 33]],
    ):
        with pytest.raises(Malformed):
            CollectionList.from_body(body)
