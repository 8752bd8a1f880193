"""Two implementations of the frames, the host's and the firmware's, agree on everything."""

from hypothesis import given
from hypothesis import strategies as st
from link import frames as device_frames

from host_tools import frames

zero_rich = st.lists(st.sampled_from([0, 0, 1, 254, 255]), max_size=600).map(bytes)
payloads = st.binary(min_size=1, max_size=600) | zero_rich.filter(len)


def _through_device(data: bytes) -> list[bytes]:
    decoder = device_frames.Decoder(1024)
    found = []
    for byte in data:
        payload = decoder.feed(byte)
        if payload is not None:
            found.append(bytes(payload))  # a view, good until the next byte
    return found


def _from_device(payload: bytes) -> bytes:
    encoder = device_frames.Encoder(1024)
    encoder.put(payload)
    return bytes(encoder.frame())


def _through_host(data: bytes, pieces: int = 7) -> list[bytes]:
    splitter = frames.Splitter()
    found = []
    for start in range(0, len(data), pieces):
        found += splitter.feed(data[start : start + pieces])
    return found


@given(payloads)
def test_both_write_the_same_frame_and_read_it_back(payload):
    frame = frames.encode(payload)
    assert frame == _from_device(payload)
    assert _through_device(frame) == _through_host(frame) == [payload]


@given(st.binary(max_size=300), payloads, st.binary(max_size=300))
def test_both_find_the_frame_in_the_same_noise(before, payload, after):
    data = before + frames.encode(payload) + after
    assert _through_device(data) == _through_host(data)
    assert payload in _through_host(data)


@given(zero_rich)
def test_both_take_the_same_of_what_is_nearly_a_frame(data):
    assert _through_device(data + b"\0") == _through_host(data + b"\0")


def test_noise_is_kept_and_bounded():
    splitter = frames.Splitter()
    assert list(splitter.feed(b"Traceback\r\n" + frames.encode(b"x") + b">>> ")) == [b"x"]
    assert splitter.all_noise() == b"Traceback\r\n>>> "
    assert list(splitter.feed(b"y" * 100_000)) == []
    assert len(splitter.all_noise()) <= frames.MAX_FRAME_BYTES
    assert list(splitter.feed(frames.encode(b"x"))) == [b"x"]
