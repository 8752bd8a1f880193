"""What the firmware loads when: machine code first, and once; the rest of it as it is needed.

On an ESP32 the heap takes the memory that machine code could lie in (firmware/system/
machine_code.py). The sources say what has machine code; a device at work says what it loads, when.
"""

import ast
import re
import shutil

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.client import DeviceError
from host_tools.frames import encode
from host_tools.operators import Operator
from host_tools.pull import pull
from host_tools.store import Store
from provisioning import deploy, operators
from provisioning.keys import raw_public
from simulator.board import VirtualBoard
from simulator.wiring import wire
from tests import imports
from tests.runtimes import micropython_or_skip
from tests.simulator.owner import Owner
from tests.simulator.test_files import NOW_S, Desk, provision, quiet

EMITTERS = {"micropython.viper", "micropython.native", "viper", "native"}
FIRST = "system.machine_code"
WORKSPACE = "crypto.workspace"  # what machine code works in, and nothing else
PACKAGES = {"system", "crypto", "journal", "verify"}
LOOK_MS = 1500  # at least as long as it takes until a silence is noticed
# In front of main.py: says on the port what is loaded, each time that it is.
WATCH = """
import sys

try:
    _table = __builtins__
except NameError:
    import builtins

    _table = {"__import__": builtins.__import__}
_import = _table["__import__"]
_known = dict(sys.modules)


def _watch(*arguments):
    found = _import(*arguments)
    for name in list(sys.modules):
        if _known.get(name) is not sys.modules[name]:
            _known[name] = sys.modules[name]
            print("loaded", name)
    return found


if "builtins" in globals():
    builtins.__import__ = _watch
else:
    _table["__import__"] = _watch
"""


def _has_machine_code(tree):
    return any(
        ast.unparse(decorator) in EMITTERS
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
    )


WITH_MACHINE_CODE = {name for name, tree in imports.TREES.items() if _has_machine_code(tree)}


def test_machine_code_is_all_that_is_loaded_first():
    found, waiting = set(), [FIRST]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(imports.as_loaded(name))
    assert WITH_MACHINE_CODE
    assert found - {FIRST, WORKSPACE} - PACKAGES == WITH_MACHINE_CODE


def test_it_is_loaded_before_anything_else():
    first = next(node for node in imports.TREES["main"].body if not isinstance(node, ast.Expr))
    assert ast.unparse(first) == "from system import machine_code"
    (guarded,) = ast.parse(deploy.STARTER).body
    starter = [ast.unparse(node) for node in guarded.body][4:]  # behind what shuts the prompt
    assert starter[:3] == ["import gc", "gc.threshold(4096)", f"import {deploy.PROGRAM}"]


class Watched(Desk):
    """A device that says what it loads."""

    def __init__(self, folder, runtime):
        firmware = folder / "firmware"
        shutil.copytree(deploy.FIRMWARE, firmware)
        main = firmware / "main.py"
        main.write_text(WATCH + main.read_text(encoding="utf-8"), encoding="utf-8")
        self.board = VirtualBoard(folder / "device", firmware=firmware, runtime=runtime, wire=wire)
        self.owner = Owner(NOW_S)
        self.issuer = Ed25519PrivateKey.generate()
        self.said = bytearray()

    def loaded(self):
        """The names of the firmware's modules in the order in which they were loaded, so far."""
        names = re.findall(rb"loaded ([\w.]+)\r\n", bytes(self.said))
        return [name for name in (found.decode() for found in names) if name in imports.TREES]


@pytest.fixture(params=["cpython", "micropython"])
def watched(request, tmp_path, monkeypatch):
    if request.param == "micropython":
        micropython_or_skip()
    made = Watched(tmp_path, request.param)
    receive = made.board.link.receive

    def hear(data, *more):
        made.said.extend(data)
        return receive(data, *more)

    monkeypatch.setattr(made.board.link, "receive", hear)
    yield made
    made.board.close()


def test_no_machine_code_is_loaded_after_the_start_or_again(watched):
    client = watched.boot()
    at_start = watched.loaded()
    last = max(at_start.index(name) for name in WITH_MACHINE_CODE)
    assert set(at_start[:last]) <= WITH_MACHINE_CODE | {FIRST, WORKSPACE} | PACKAGES
    # all that a device does from its first day to its second
    provision(client, watched.plan(), quiet)
    assert watched.scan("T0000001").lights == ["green"]
    assert watched.scan(watched.a_pass()).lights == ["green"]
    watched.board.run_for_ms(20_000)
    li = Ed25519PrivateKey.generate()
    credential = operators.issue_credential(
        watched.owner.root, raw_public(li), "Li", ("collect",), NOW_S, NOW_S + 86400
    )
    pull(
        client,
        Store(":memory:"),
        NOW_S,
        watched.owner.keys,
        operator=Operator(li, credential),
        close_shift=True,
    )
    assert watched.scan("T0000002").lights == ["green"]
    watched.board.run_for_ms(20_000)
    loaded = watched.loaded()
    assert len(loaded) > len(at_start)
    for name in WITH_MACHINE_CODE:
        assert loaded.count(name) == 1, name


def test_what_a_host_needs_is_loaded_for_a_host(watched):
    board = watched.board
    client = watched.boot()
    provision(client, watched.plan(), quiet)
    board.run_for_ms(61_000 + LOOK_MS)
    before = watched.loaded()
    assert before.count("link.server") == 1
    assert watched.scan("T0000001").lights == ["green"]
    assert watched.scan(watched.a_pass()).lights == ["green"]
    assert watched.loaded() == before
    frame = encode(cbor2.dumps([1, 7, "challenge", []]))
    nonces = []
    for _ in range(2):
        board.link.received.clear()
        board.pace.outside(lambda: board.link.send(frame))
        board.run_for_ms(2000)
        nonces.append(bytes(board.link.received).split(b"OK")[1])
        loaded = watched.loaded()
        assert loaded.count("link.server") == 2
        # gone after 60 s without a word; the reply is not
        board.run_for_ms(61_000 + LOOK_MS)
    assert nonces[0] == nonces[1]
    assert client.status()["tube"] == "T0000001"
    assert watched.loaded().count("link.server") == 3


def test_an_object_under_way_waits_for_a_minute(watched):
    client = watched.boot()
    provision(client, watched.plan(), quiet)
    assert client.call("begin", "trust", 500, bytes(32)) == 0
    assert client.call("piece", 0, bytes(192)) == 192
    watched.board.run_for_ms(50_000)
    assert client.call("piece", 192, bytes(192)) == 384
    watched.board.run_for_ms(61_000 + LOOK_MS)
    with pytest.raises(DeviceError, match="NOT_BEGUN"):
        client.call("piece", 384, bytes(116))
    assert client.call("begin", "trust", 500, bytes(32)) == 0
