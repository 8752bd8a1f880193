"""The wheel, installed where there is no checkout: as a user has it.

Needs a package index, as `make venv` does. Tried with every Python of pyproject.toml that is on the
PATH.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.deploy import FIRMWARE, board_names

ROOT = Path(__file__).parents[1]
PARTS = ("host_tools", "provisioning", "simulator", "firmware", "boards")
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def _pythons():
    """One of each version: this one, and those on the PATH that start (pyenv's shims may not)."""
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {mine: sys.executable}
    for version in VERSIONS:
        path = shutil.which(f"python{version}")
        if version != mine and path and not subprocess.run([path, "-Ic", "import venv"]).returncode:
            found[version] = path
    return found


PYTHONS = _pythons()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy: what earlier builds left in build/ would get into it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in PARTS:
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    _pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", folder, source)
    (made,) = folder.glob("scanpost-*.whl")
    return made


def _pip(python, *words):
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Installed:
    """The wheel in an environment of its own, and a folder to work in."""

    def __init__(self, python, wheel, folder):
        self.folder = folder
        self._bin = folder / "environment" / "bin"
        subprocess.run([python, "-m", "venv", folder / "environment"], check=True)
        self._wheel = wheel
        self.add("")

    def add(self, extra):
        _pip(self._bin / "python", "install", f"{self._wheel}{extra}")

    def scanpost(self, *words, expect=0):
        path = f"{self._bin}:/usr/bin:/bin"
        done = subprocess.run(
            [self._bin / "scanpost", *map(str, words)],
            cwd=self.folder,
            env={"PATH": path, "HOME": str(self.folder), "LANG": "C.UTF-8", "COLUMNS": "200"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module", params=PYTHONS)
def installed(request, wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("user")
    return Installed(PYTHONS[request.param], wheel, folder)


def _firmware_version():
    text = (FIRMWARE / "system" / "version.py").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("VERSION = ")]
    return line.split('"')[1]


def test_without_extras(installed):
    run = installed.scanpost
    assert run("--version").split() == ["scanpost", _firmware_version()]
    run("keys", "root", "root.pem")
    run("keys", "issuer", "issuer.pem")
    run("trust", "new", "trust.cbor", "--root", "root.pem")
    run("trust", "add", "trust.cbor", "issuer.pub.pem", "--root", "root.pem")
    run("issue", "--key", "issuer.pem", "--name", "张三丰", "--out", "pass.png")
    run("verify", "pass.png", "--trust", "trust.cbor")
    vectors = ROOT / "tests" / "vectors" / "pass-vectors.json"
    for runtime in ("host", "cpython"):
        assert "0 differ" in run("conform", vectors, "--runtime", runtime)
    run("tubes", "--db", "none.db", expect=3)
    assert "ls /dev" in run("pull", "--db", "new.db", "--port", "/dev/none", expect=4)


def test_what_needs_the_extra_says_so(installed):
    advice = "pip install 'scanpost[simulator]'"
    assert advice in installed.scanpost("deploy", "esp32_devkitc", "out", expect=1)
    for runtime in ("cpython", "micropython"):
        said = installed.scanpost("sim", "start", "--runtime", runtime, expect=4)
        assert advice in said and "is on" not in said
    conform = ("conform", ROOT / "tests/vectors/pass-vectors.json", "--runtime", "micropython")
    assert advice in installed.scanpost(*conform, expect=1)


def test_with_the_extra(installed):
    run = installed.scanpost
    installed.add("[simulator]")
    for board in board_names():
        files = json.loads(run("deploy", board, f"out-{board}", "--json"))["files"]
        assert "main.py" in files and "program.mpy" in files and len(files) > 10
    run("keys", "root", "owner.pem")
    run("sim", "start")
    try:
        run("provision", "--port", ".sim/port", "--root-public", "owner.pub.pem")
        device = json.loads(run("status", "--port", ".sim/port", "--json"))["device"]
        assert device["version"] == _firmware_version()
        assert json.loads(run("sim", "status", "--json"))["stopped"] is None
    finally:
        run("sim", "stop")
