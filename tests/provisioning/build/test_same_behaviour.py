"""What the build makes of the firmware does what its sources do, on both runtimes.

A day at a desk, from provisioning to the end of a shift, with a restart: what screen, lamps and
buzzer answer, what the host is told, and what the journal has in it at the end.
"""

import functools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools import demo_passes
from host_tools.client import Client, DeviceError
from host_tools.operators import Operator
from host_tools.provision import provision
from provisioning import deploy, operators
from provisioning.keys import raw_public
from simulator.link import LinkPort
from tests.runtimes import micropython_or_skip
from tests.simulator.test_files import NOW_S, Desk, quiet


def a_day(desk):
    """What was seen, in order, of all that does not differ from device to device."""
    seen = []
    client = Client(LinkPort(desk.board))

    def scan(text):
        answer = desk.scan(text)
        seen.append((answer.lines, answer.lights, [hertz for hertz, _ in answer.sound]))

    scan("T0000001")  # not provisioned
    done = provision(client, desk.plan(), quiet)
    seen.append(sorted(done))
    signer = demo_passes.ed25519_signer(desk.issuer)
    scan(desk.a_pass())  # no tube
    scan("T0000001")
    a_pass = desk.a_pass()
    scan(a_pass)
    desk.board.run_for_ms(6000)  # the scanner gives the same code only after 5 s
    scan(a_pass)  # a duplicate
    for bad in demo_passes.bad_passes(signer, NOW_S) + demo_passes.other_codes():
        scan(bad.text)
    scan("T0000002")
    scan("T0000001")  # used
    desk.board.power_off()
    client = desk.boot()
    scan(a_pass)  # a duplicate still
    identity = client.identify()
    seen.append((identity["board"], identity["version"], identity["name"]))
    li = Ed25519PrivateKey.generate()
    until = NOW_S + 86400
    roles = ("collect", "clock")
    credential = operators.issue_credential(
        desk.owner.root, raw_public(li), "Li", roles, NOW_S, until
    )
    run = functools.partial(Operator(li, credential).command, client, identity["device"])
    Operator(li, credential).present(client)
    with pytest.raises(DeviceError) as refused:
        run("set_clock", [1])
    seen.append(refused.value.code)
    seen.append(run("set_clock", [NOW_S + 1000]))
    seen.append(run("close_shift", []))
    state = client.status()
    seen.append([state[name] for name in ("tube", "count", "next", "missing", "lists", "site")])
    store = desk.owner.pull(client)
    rows = store.registrations()
    seen.append([(row["tube"], row["position"], row["relation"]) for row in rows])
    seen.append(store.refusals_by_reason())
    seen.append(store._db.execute("SELECT type FROM records ORDER BY sequence").fetchall())
    return seen


def of_sources(folder, runtime):
    desk = Desk(folder, runtime)
    try:
        return a_day(desk)
    finally:
        desk.board.close()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return of_sources(tmp_path_factory.mktemp("sources"), "cpython")


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_the_build_behaves_as_the_sources_do(runtime, expected, tmp_path):
    firmware = tmp_path / "firmware"
    if runtime == "cpython":
        deploy.write_sources("simulator", firmware)
    else:
        micropython_or_skip()
        deploy.compile_firmware("simulator", firmware, arch="x64")
    desk = Desk(tmp_path / "device", runtime, firmware)
    try:
        found = a_day(desk)
    finally:
        desk.board.close()
    for number, (got, wanted) in enumerate(zip(found, expected, strict=True)):
        assert got == wanted, number
