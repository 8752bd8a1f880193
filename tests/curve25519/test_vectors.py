"""Vectors on the three runtimes: CPython, MicroPython's viper for this machine, and its bytecode.

All of them under viper; a sample of 32 on the slow two, all there too if SCANPOST_SOAK is set.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.runtimes import micropython_or_skip

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EDGE_CASES = ROOT / "tests" / "vectors" / "ed25519-edge-cases.json"
SAMPLE = 32
KINDS = ("public", "sign", "verify", "x25519", "sha512")
SOAK = bool(os.environ.get("SCANPOST_SOAK"))


def sign_input():
    """The 1024 of Bernstein's sign.input: seed and key, key, message, signature and message."""
    folder = Path(cryptography_vectors.__file__).parent / "asymmetric" / "Ed25519"
    lines = (folder / "sign.input").read_text().splitlines()
    assert len(lines) == 1024
    for number, line in enumerate(lines):
        secret, public, message, signature = line.split(":")[:4]
        seed, signature = secret[:64], signature[:128]
        yield f"public {seed} {public}"
        yield f"sign {seed} {message or '-'} {signature}"
        yield f"verify {public} {message or '-'} {signature} 01"
        turned = bytearray.fromhex(signature)
        turned[number % 64] ^= 1 << number % 8
        yield f"verify {public} {message or '-'} {turned.hex()} 00"


def edge_cases():
    for case in json.loads(EDGE_CASES.read_text()):
        good = "01" if case["good"] else "00"
        yield f"verify {case['public_key']} {case['message']} {case['signature']} {good}"


def x25519():
    folder = Path(cryptography_vectors.__file__).parent / "asymmetric" / "X25519"
    text = (folder / "rfc7748.txt").read_text()
    found = re.findall(r"INPUT_SCALAR = (\w+)\nINPUT_U = (\w+)\nOUTPUT_U = (\w+)", text)
    assert len(found) == 3
    for scalar, u, output in found:
        yield f"x25519 {scalar} {u} {output}"


def sha512():
    # RFC 6234 section 8.5's messages, and every length around the ends of blocks
    messages = [b"abc", b"a" * 1_000, bytes.fromhex("d0"), bytes(range(256)) * 4]
    messages += [bytes([length & 255]) * length for length in range(1, 260)]
    for message in messages:
        yield f"sha512 {message.hex()} {hashlib.sha512(message).hexdigest()}"


def vectors():
    return [*sign_input(), *edge_cases(), *x25519(), *sha512()]


def sample(lines):
    """Some of each kind, good signatures above all; long messages would take long."""
    short = [line for line in lines if len(line) < 1000]
    kinds = [[line for line in short if line.startswith(f"{name} ")] for name in KINDS]
    kinds += [[line for line in short if line.startswith("verify") and line.endswith("01")]] * 2
    each = SAMPLE // len(kinds) + 1
    return [line for kind in kinds for line in kind[:: len(kind) // each + 1]]


def run(command, lines, folder, *places):
    path = folder / "vectors.txt"
    path.write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [*command, str(HERE / "run_vectors.py"), str(path), *map(str, places)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) == len(lines)


def test_viper(tmp_path):
    run([micropython_or_skip()], vectors(), tmp_path, ROOT / "firmware")


def test_cpython(tmp_path):
    lines = vectors() if SOAK else sample(vectors())
    run([sys.executable], lines, tmp_path, ROOT / "firmware", ROOT / "simulator" / "standins")


def test_bytecode(tmp_path):
    """The same sources, with another decorator in the place of micropython.viper."""
    for source in (ROOT / "firmware" / "crypto").iterdir():
        target = tmp_path / "crypto" / source.name
        target.parent.mkdir(exist_ok=True)
        if source.suffix == ".py":
            target.write_text(as_bytecode(source.read_text()))
        elif source.is_file():
            shutil.copy(source, target)
    lines = vectors() if SOAK else sample(vectors())
    run([micropython_or_skip()], lines, tmp_path, tmp_path, HERE)


def as_bytecode(text):
    def decorator(match):
        kinds = re.findall(r": (\w+)", match[2])
        return f"@_viper({' '.join(kinds)!r})\ndef {match[1]}({match[2]})"

    text, count = re.subn(r"@micropython\.viper\ndef (\w+)\(([^)]*)\)", decorator, text)
    if not count:
        return text
    assert "int.from_bytes" not in text
    names = "from bytecode_viper import address as int, ptr8, ptr16, ptr32, viper as _viper\n"
    return text.replace("import micropython\n", "import micropython\n" + names, 1)


def test_edge_cases_are_what_their_script_writes():
    sys.path.insert(0, str(HERE))
    import edge_cases as script

    assert json.loads(EDGE_CASES.read_text()) == script.cases()


@pytest.mark.parametrize("kind", ["signature", "key of mixed order", "R"])
def test_openssl_agrees(kind):
    """Where it is as strict: it takes keys of small order, and does not ask for canonical keys."""
    starts = {"signature": ("bit", "S", "a good"), "key of mixed order": ("A of", "A +")}
    count = 0
    for case in json.loads(EDGE_CASES.read_text()):
        if case["name"].startswith(starts.get(kind, "R")) and len(case["public_key"]) == 64:
            count += 1
            signature = bytes.fromhex(case["signature"])
            try:
                key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(case["public_key"]))
                key.verify(signature, bytes.fromhex(case["message"]))
                good = True
            except InvalidSignature:
                good = False
            assert good == case["good"], case["name"]
    assert count > 15
