"""Frames: round trips, and whatever a cable does to them."""

from link import frames
from link.endpoint import MAX_REQUEST_BYTES
from link_device import encode


def _feed(decoder, data):
    found = []
    for byte in data:
        payload = decoder.feed(byte)
        if payload is not None:
            found.append(bytes(payload))
    return found


def test_the_documented_example():
    # payload 00 11 00; CRC-32 0xAC98FA02
    assert encode(b"\x00\x11\x00").hex() == "0001021105" + "ac98fa02" + "00"


def test_round_trips_at_every_length():
    decoder = frames.Decoder(1024)
    for length in list(range(1, 20)) + [248, 249, 250, 251, 252, 253, 254, 255, 508, 510, 1024]:
        for payload in (
            bytes(length),
            b"\xff" * length,
            bytes([index % 255 + 1 for index in range(length)]),
            bytes([index % 3 for index in range(length)]),
        ):
            frame = encode(payload)
            assert frame[0] == 0 and frame[-1] == 0 and 0 not in frame[1:-1]
            assert len(frame) <= length + 4 + 2 + 1 + (length + 4) // 254
            assert _feed(decoder, frame) == [payload], length


def test_the_longest_request_fits_the_uart():
    # the ring that UART0 has on the ESP32, in which a frame waits while flash is busy
    assert len(encode(b"\x55" * MAX_REQUEST_BYTES)) <= 260


def test_one_frame_after_the_other_in_one_buffer():
    encoder = frames.Encoder(600)
    decoder = frames.Decoder(600)
    for length in (600, 1, 254, 0, 509, 600):
        encoder.begin()
        for _ in range(length):
            encoder.put(b"\x07")
        found = _feed(decoder, encoder.frame())
        assert found == ([b"\x07" * length] if length else []), length


def test_a_payload_that_is_too_long_is_not_put():
    encoder = frames.Encoder(10)
    encoder.put(bytes(10))
    try:
        encoder.put(b"x")
    except ValueError:
        return
    raise AssertionError


def test_every_garbled_byte_is_noticed():
    decoder = frames.Decoder(96)
    good = encode(b"a request\x00with\x00zeros")
    for index in range(len(good)):
        for flip in (0x01, 0x80, 0xFF):
            garbled = bytearray(good)
            garbled[index] ^= flip
            found = _feed(decoder, bytes(garbled) + good)
            assert found[-1:] == [b"a request\x00with\x00zeros"], (index, flip)
            assert set(found) == {b"a request\x00with\x00zeros"}, (index, flip)


def test_every_cut_frame_is_dropped_and_the_next_one_found():
    decoder = frames.Decoder(96)
    good = encode(b"payload\x00one")
    for length in range(1, len(good) - 1):
        assert _feed(decoder, good[:length] + good) == [b"payload\x00one"]
    # without its first zero byte alone it is still whole
    for length in range(2, len(good) - 1):
        assert _feed(decoder, good[length:] + good) == [b"payload\x00one"]


def test_text_between_frames_is_passed_over():
    decoder = frames.Decoder(96)
    good = encode(b"x")
    assert _feed(decoder, b"MicroPython v1.23\r\n>>> " + good + b"noise" + good) == [b"x", b"x"]


def test_too_long_is_dropped_as_it_comes():
    decoder = frames.Decoder(96)
    assert _feed(decoder, encode(b"\x01" * 97)) == []
    assert _feed(decoder, encode(b"\x01" * 5000)) == []
    assert _feed(decoder, encode(b"\x01" * 96)) == [b"\x01" * 96]


def test_empty_and_short_frames_are_nothing():
    decoder = frames.Decoder(96)
    assert _feed(decoder, bytes(10)) == []
    assert _feed(decoder, b"\x00\x01\x00\x02\x05\x00\x05\x01\x02\x03\x04\x00") == []
    assert _feed(decoder, encode(b"")) == []
