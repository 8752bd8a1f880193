"""Scans while the link is busy or full of junk: neither stops the other."""

import random

import pytest

from host_tools.client import Client
from host_tools.frames import encode
from host_tools.provision import provision
from simulator import hands
from simulator.link import LinkPort
from tests.runtimes import micropython_or_skip
from tests.simulator.test_files import Desk, quiet


@pytest.fixture(params=["cpython", "micropython"])
def desk(request, tmp_path):
    if request.param == "micropython":
        micropython_or_skip()
    made = Desk(tmp_path, request.param)
    provision(Client(LinkPort(made.board)), made.plan(), quiet)
    yield made
    made.board.close()


def test_junk_on_the_link(desk):
    dice = random.Random(7)
    board = desk.board
    junk = [
        bytes(dice.randrange(256) for _ in range(3000)),
        b"\0" * 500,
        b"\x03\x03\x04\r\n" * 50,
        b"\xff" * 2000,
        encode(b"\x9b" + b"\xff" * 8),
        encode(b"\x81" * 96),
        encode(b"\xda" * 90),
        encode(bytes(96))[:-9],
        b"\0\x60half a frame",
    ]
    tube = 0
    for sent in junk:
        tube += 1
        board.pace.outside(lambda sent=sent: board.link.send(sent))
        hands.press(board, "ok")  # the open tube has room
        assert desk.scan(f"T{tube:07}").lights == ["green"], sent
    board.run_for_ms(3000)
    board.link.received.clear()
    assert Client(LinkPort(board)).status()["tube"] == f"T{tube:07}"


def test_a_scan_while_the_journal_is_read(desk):
    client = Client(LinkPort(desk.board))
    for number in range(1, 13):
        hands.press(desk.board, "ok")
        assert desk.scan(f"T{number:07}").lights == ["green"]
    hands.press(desk.board, "ok")
    scanner, observer = desk.board.chips["scanner"], desk.board.observer
    desk.board.pace.outside(lambda: scanner.show(b"T0000099", "Code128"))
    before = len(observer.green.changes)
    sequence = 1
    for _ in range(20):
        sequence = client.call("read", 1)[0]
    desk.board.pace.outside(scanner.take_away)
    assert len(observer.green.changes) > before
    assert client.status()["tube"] == "T0000099"
    assert sequence > 1
