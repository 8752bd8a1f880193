"""Journal records as a device hands them over, put together for tests."""

import struct

import cbor2

NOW_S = 1790000000


def body(kind: int, sequence: int, payload: list[object], unix_s: int = NOW_S) -> bytes:
    return struct.pack(">BII", kind, sequence, unix_s) + cbor2.dumps(payload)


def registration(sequence: int, tube: str, position: int, person: int = 1) -> bytes:
    subject = person.to_bytes(16, "big")
    return body(1, sequence, [subject, b"c" * 8, b"k" * 8, 0, tube, position])


def a_shift() -> list[bytes]:
    """Fourteen records: two tubes, one of them closed, and what goes with them."""
    return [
        body(5, 1, [1, "0.1.0"], unix_s=0),
        body(6, 2, [None, NOW_S]),
        body(7, 3, ["trust", 4]),
        body(9, 4, [["baud"]]),
        body(3, 5, ["T0000001"]),
        registration(6, "T0000001", 1, 1),
        registration(7, "T0000001", 2, 2),
        body(2, 8, [[["EXPIRED", 2], ["DUPLICATE", 1]], 40]),
        body(4, 9, ["T0000001", 2]),
        body(3, 10, ["T0000002"]),
        registration(11, "T0000002", 1, 3),
        body(2, 12, [[["EXPIRED", 1]], 0]),
        registration(13, "", 0, 4),
        body(5, 14, [1, "0.1.0"]),
    ]
