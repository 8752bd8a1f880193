"""Flash that takes its 400 ms for an erase: the link and the scanner lose nothing by it."""

import hashlib

import cbor2
import pytest

from host_tools.client import MAX_REQUEST_BYTES, Client
from host_tools.frames import Splitter, encode
from host_tools.provision import provision
from provisioning import revocation
from simulator.cpu import HOST_LINK
from simulator.link import LinkPort
from tests.runtimes import micropython_or_skip
from tests.simulator.test_files import Desk, quiet

SLOW_ERASE_US = 400_000
REVOKED = revocation.RevocationList(
    frozenset(hashlib.sha256(b"%d" % n).digest()[: revocation.ENTRY_BYTES] for n in range(1024))
)
TABLE = REVOKED.table()  # begins three sectors


@pytest.fixture(params=["cpython", "micropython"])
def desk(request, tmp_path):
    if request.param == "micropython":
        micropython_or_skip()
    made = Desk(tmp_path, request.param)
    provision(Client(LinkPort(made.board)), made.plan(), quiet)
    made.board.flash.erase_us = SLOW_ERASE_US
    yield made
    made.board.close()


def _vouch(desk, client):
    """Sends the list that the table belongs to."""
    client.send_object("revoked", desk.owner.seal(revocation.TYP, REVOKED.body(), 2))


def _request(number, operation, *arguments):
    return encode(cbor2.dumps([1, number, operation, list(arguments)]))


def _replies(board):
    splitter = Splitter()
    return [cbor2.loads(payload) for payload in splitter.feed(bytes(board.link.received))]


def test_the_longest_request_comes_in_while_a_piece_is_written(desk):
    board = desk.board
    client = Client(LinkPort(board))
    _vouch(desk, client)
    client.call("begin", "revoked-table", len(TABLE), hashlib.sha256(TABLE).digest())
    uart = board.uarts[HOST_LINK]
    lost, erased = uart.lost_bytes, board.flash.erase_count
    board.link.received.clear()
    board.pace.outside(lambda: board.link.send(_request(1, "piece", 0, TABLE[:192])))
    assert board.run_until(lambda: board.flash.erase_count > erased, 1000)
    # The erase has begun: Python stands still, and what is sent now has to wait in the UART.
    rest = MAX_REQUEST_BYTES - len(cbor2.dumps([1, 2, "piece", [192, b""]])) - 1
    longest = _request(2, "piece", 192, TABLE[:rest])
    assert len(longest) > 240
    board.pace.outside(lambda: board.link.send(longest))
    board.run_for_ms(2000)
    assert _replies(board) == [[1, 1, "OK", 192], [1, 2, "OK", 192 + rest]]
    assert uart.lost_bytes == lost


def test_a_table_is_installed_and_people_are_scanned_meanwhile(desk):
    board = desk.board
    assert desk.scan("T0000001").lights == ["green"]
    erased = board.flash.erase_count
    scans = []

    def now_and_then(sent, _size):
        if sent in (0, 4224, 8256):
            scans.append(desk.scan(desk.a_pass()).lights)

    client = Client(LinkPort(board))
    _vouch(desk, client)
    client.send_object("revoked-table", TABLE, now_and_then)
    assert board.flash.erase_count - erased >= 3
    assert scans[0] == ["green"] and len(scans) == 3
    assert board.uarts[HOST_LINK].lost_bytes == 0
