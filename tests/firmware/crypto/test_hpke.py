"""HPKE: RFC 9180 appendix A.7.1 (base mode, export only)."""

from binascii import unhexlify

from crypto import hpke, hpke_recipient
from vectors import load


def test_rfc_9180_a_7_1():
    case = load("hpke-a7.json")
    recipient, ephemeral = unhexlify(case["pkRm"]), unhexlify(case["skEm"])
    enc, shared = hpke.encapsulate(recipient, ephemeral)
    assert enc == unhexlify(case["enc"])
    assert shared == unhexlify(case["shared_secret"])
    enc, exporter = hpke.setup_sender(recipient, unhexlify(case["info"]), ephemeral)
    assert enc == unhexlify(case["enc"])
    assert exporter == unhexlify(case["exporter_secret"])
    for context, length, value in case["exports"]:
        assert hpke.export(exporter, unhexlify(context), length) == unhexlify(value)


def test_a_key_of_small_order_is_refused():
    for key in (bytes(32), b"\x01" + bytes(31)):
        refused = False
        try:
            hpke.setup_sender(key, b"", b"e" * 32)
        except ValueError:
            refused = True
        assert refused


def test_the_recipients_side_of_rfc_9180_a_7_1():
    case = load("hpke-a7.json")
    exporter = hpke_recipient.setup_recipient(
        unhexlify(case["enc"]), unhexlify(case["skRm"]), unhexlify(case["info"])
    )
    assert exporter == unhexlify(case["exporter_secret"])
    for context, length, value in case["exports"]:
        assert hpke.export(exporter, unhexlify(context), length) == unhexlify(value)


def test_what_was_encapsulated_with_a_point_of_small_order_is_refused():
    for enc in (bytes(32), b"\x01" + bytes(31)):
        refused = False
        try:
            hpke_recipient.setup_recipient(enc, b"k" * 32, b"")
        except ValueError:
            refused = True
        assert refused
