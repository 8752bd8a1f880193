"""A thief of a running device finds no retired key and no one's name in its memory.

The firmware's journal runs in the real MicroPython, with real cryptography; when it waits for the
next person, the whole memory of that process is looked through, stacks included.
"""

import hashlib
import os
import subprocess
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools import demo_passes
from provisioning import base45
from tests.memory import expected, process_memory
from tests.runtimes import micropython_or_skip

ROOT = Path(__file__).parents[2]
SECTORS = 16
PEOPLE = 300
PASSES = 30
NOON = 1700000000
READ_BYTES = 64  # of the scanner's driver
COMMON_TEXT_BYTES = 60
COMMON_BYTES = 40
# RFC 7748 section 6.1: Alice's
COLLECTION_KEY = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"


@pytest.fixture
def device(tmp_path):
    """Starts the script on MicroPython; returns its process once it says that it waits."""
    started = []

    def start(script, *arguments, said_to_it=b""):
        command = [micropython_or_skip(), "-X", "heapsize=1M", f"tests/memory/{script}"]
        process = subprocess.Popen(
            [*command, *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        process.stdin.write(said_to_it)
        process.stdin.flush()
        said = process.stdout.readline()
        if not said.startswith(b"ready"):
            pytest.fail((said + process.stdout.read()).decode())
        if not process_memory.readable(process.pid):
            if os.environ.get("CI") == "true":
                pytest.fail("CI must let this test look into /proc/PID/mem")
            pytest.skip("no /proc/PID/mem that may be read here")
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def write_inputs(folder):
    (folder / "flash").write_bytes(b"\xff" * SECTORS * expected.SECTOR_BYTES)
    (folder / "seed").write_bytes(os.urandom(64))
    (folder / "people").write_bytes(os.urandom(24 * PEOPLE))


def issue(folder):
    """Passes of an Ed25519 and an HMAC issuer, and documents, for on_device_passes.py.

    Returns (lines, {what: secret}).
    """
    key = Ed25519PrivateKey.generate()
    shared = os.urandom(32)
    signers = [
        demo_passes.ed25519_signer(key),
        demo_passes.hmac_signer(b"hmac-256", 5, shared),
    ]
    public = key.public_key().public_bytes_raw()
    always = [0, 2**32 - 1, 2592000, "office"]
    trust = [[signers[0].kid, -8, public, *always], [b"hmac-256", 5, None, *always]]
    (folder / "trust").write_bytes(cbor2.dumps(trust))
    (folder / "secrets").write_bytes(cbor2.dumps([b"hmac-256", shared]))
    secrets = {}
    lines = []
    for number in range(PASSES):
        subject, cti, name, id_hint = (os.urandom(size) for size in (16, 8, 12, 4))
        text = demo_passes.make_pass(
            signers[number % 2],
            NOON - 1000,
            name_hint=name.hex(),
            id_hint=id_hint.hex(),
            subject=subject,
            cti=cti,
        ).encode()
        if number % 5 == 4:  # refused, late in its verification
            text = text[:-6] + b"000000"
        number_of_document, name_in_full = os.urandom(9).hex(), os.urandom(20).hex()
        document = f"1\t{number_of_document}\t{name_in_full}".encode()
        lines += [text, document]
        secrets[f"document {number}"] = number_of_document.encode()
        secrets[f"full name {number}"] = name_in_full.encode()
        # By this the device knows the person again; its tag is in the clear.
        digest = hashlib.sha256(b"\x01" + number_of_document.encode()).digest()
        secrets[f"pseudonym {number}"] = digest[:16]
        # What comes before is the same in all passes of an issuer.
        secrets[f"text {number}"] = text[COMMON_TEXT_BYTES:]
        secrets[f"bytes {number}"] = base45.decode(text[4:].decode())[COMMON_BYTES:]
        secrets[f"subject {number}"] = subject
        secrets[f"cti {number}"] = cti
        secrets[f"name {number}"] = name.hex().encode()
        secrets[f"ID number {number}"] = id_hint.hex().encode()
    return lines, secrets


def journal_secrets(folder):
    """({what: secret}, {what: what is in use until the shift is closed}) of on_device.py."""
    people = (folder / "people").read_bytes()
    seeds = (folder / "seed").read_bytes()
    flash = (folder / "flash").read_bytes()
    entries = [people[at : at + 24] for at in range(0, len(people), 24)]
    drawn = expected.Generator(seeds[32:])
    # An ephemeral key for each epoch, and the tag key after the first
    epochs = sum(record[1] == expected.EPOCH for record in expected.records(flash))
    sizes = [32, 12] + [32] * (epochs - 1)
    outputs = [drawn.generate(size) for size in sizes]
    in_use = {"tag key": outputs.pop(1)}
    for number, state in enumerate(drawn.states[-2:]):
        in_use[f"state of the generator, {number}"] = state
    opener = bytes.fromhex(COLLECTION_KEY)
    secrets, opened, state = expected.journal_secrets(flash, outputs, opener)
    in_use["state"] = state
    # The right secrets are looked for: they open what is in the flash.
    # That of a repeated epoch's key is all in the clear.
    assert [sealed[:24] for sealed in opened if sealed] == entries
    for number, entry in enumerate(entries):
        secrets[f"subject {number}"] = entry[:16]
        secrets[f"cti {number}"] = entry[16:]
    messages = expected.signed_messages(flash, seeds[:32])
    assert len(messages) == epochs
    secrets |= expected.signing_secrets(seeds[:32], messages)
    for number, state in enumerate(drawn.states[:-2]):
        # The tag key was cut from the start of one.
        state = state[12:] if state.startswith(in_use["tag key"]) else state
        secrets[f"state {number} of the generator"] = state
    return secrets, in_use


def test_nothing_retired_is_left_of_the_journal(tmp_path, device):
    write_inputs(tmp_path)
    paths = [tmp_path / name for name in ("flash", "seed", "people")]
    process = device("on_device.py", *paths, COLLECTION_KEY, PEOPLE)
    secrets, in_use = journal_secrets(tmp_path)
    memory = process_memory.writable_memory(process.pid)
    found = process_memory.find(memory, secrets)
    assert not found, process_memory.report(found)
    # What is in use is found, so what is retired would be.
    assert {what for what, _, _ in process_memory.find(memory, in_use)} == set(in_use)

    process.stdin.write(b"close\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"closed\n"
    memory = process_memory.writable_memory(process.pid)
    found = process_memory.find(memory, secrets | in_use)
    assert not found, process_memory.report(found)


def pass_memory(folder, device, is_scrubbed):
    """(memory of a device that has verified and registered passes, secrets of its people)"""
    write_inputs(folder)
    lines, secrets = issue(folder)
    names = ("flash", "seed", None, "trust", "secrets")
    arguments = [folder / name if name else COLLECTION_KEY for name in names]
    wire = b"\r\n".join([*lines, b""])
    wire += b"\n" * (-len(wire) % READ_BYTES)  # a pipe is waited on until it has given them all
    process = device(
        "on_device_passes.py", *arguments, len(lines), int(is_scrubbed), said_to_it=wire
    )
    written = expected.records((folder / "flash").read_bytes())
    kinds = [record[1] for record in written]
    assert kinds.count(expected.REGISTRATION) == PASSES * 4 // 5
    assert kinds.count(expected.MANUAL) == PASSES
    return process_memory.writable_memory(process.pid), secrets


def test_no_one_who_was_registered_is_left(tmp_path, device):
    memory, secrets = pass_memory(tmp_path, device, True)
    found = process_memory.find(memory, secrets)
    assert not found, process_memory.report(found)


def test_without_scrubbing_someone_would_be(tmp_path, device):
    memory, secrets = pass_memory(tmp_path, device, False)
    found = {what.split()[0] for what, _, _ in process_memory.find(memory, secrets)}
    assert found >= {"text", "bytes", "subject", "document", "full"}
    # The journal overwrites at once by what it knows someone with a document again.
    assert "pseudonym" not in found
