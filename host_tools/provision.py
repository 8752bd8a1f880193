"""Makes a device ready for work: owner, clock, signed lists, settings, secrets, in this order."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cbor2
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from host_tools.client import Client

MAX_FILE_BYTES = 16 * 1024 * 1024
OnStep = Callable[[str, int, int], None]


class FileProblem(Exception):
    """A file cannot be used. The message says which and what to do."""


class Plan(NamedTuple):
    """What a device is to be given; None or empty: left as it is."""

    root: bytes | None = None  # Ed25519 public key, 32 bytes
    unix_s: int | None = None
    trust: bytes | None = None
    settings: bytes | None = None
    revoked_table: bytes | None = None
    revoked: bytes | None = None
    secrets: bytes | None = None


def provision(client: Client, plan: Plan, on_step: OnStep) -> dict[str, object]:
    """Carries a plan out; returns what the device said of each step.

    Every step is harmless when done again. on_step: (what, bytes done, bytes in all).
    Raises DeviceError, NoAnswer, PortError; what was done before stays done.
    """
    done: dict[str, object] = {}
    if plan.root is not None:
        on_step("root key", 0, 1)
        done["device"] = client.install_root(plan.root).hex()
        on_step("root key", 1, 1)
    if plan.unix_s is not None:
        on_step("clock", 0, 1)
        done["clock"] = client.set_clock(plan.unix_s)
        on_step("clock", 1, 1)
    # The table goes before the list that vouches for it.
    for kind, data in (
        ("trust", plan.trust),
        ("settings", plan.settings),
        ("revoked-table", plan.revoked_table),
        ("revoked", plan.revoked),
        ("secrets", plan.secrets),
    ):
        if data is not None:
            done[kind] = client.send_object(kind, data, functools.partial(on_step, kind))
    return done


def read_file(path: Path) -> bytes:
    """A file's bytes. Raises FileProblem."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise FileProblem(f"{path} is too large for anything a device takes.")
        return path.read_bytes()
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}") from error


def read_root(path: Path) -> bytes:
    """The root's public key (32 bytes) out of a PEM file. Raises FileProblem."""
    try:
        key = load_pem_public_key(read_file(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FileProblem(
            f"{path} is no public key in PEM form. The device is given the root's public key "
            "(BEGIN PUBLIC KEY), never the private one."
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise FileProblem(f"{path} is not an Ed25519 key.")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def read_secrets(paths: list[Path]) -> bytes:
    """What the device takes as secrets, from files of one HMAC secret each. Raises FileProblem."""
    rows = []
    for path in paths:
        try:
            held = json.loads(read_file(path))
            kid, alg = bytes.fromhex(held["kid"]), held["alg"]
            secret = bytes.fromhex(held["secret"])
            if len(kid) != 8 or len(secret) != 32 or alg not in (4, 5):
                raise ValueError("length")
        except (ValueError, KeyError, TypeError) as error:
            raise FileProblem(
                f"{path} is no HMAC secret's file (JSON with kid, alg and secret)."
            ) from error
        rows.append([kid, alg, secret])
    return cbor2.dumps(sorted(rows), canonical=True)
