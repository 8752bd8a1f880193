"""Makes a device ready for work: clock, owner, signed lists, settings, secrets, in this order.

The clock comes first: once a device has an owner, only an operator may set it.
"""

import functools
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from host_tools.client import Client
from provisioning import encoding, keys
from provisioning.errors import Problem

SEED_BYTES = 32
OLDEST_MICROPYTHON = (1, 26)  # docs/firmware.md, RAM: older images have no room for machine code
OnStep = Callable[[str, int, int], None]


class OldImage(Problem):
    """The device's MicroPython is older than is supported. The message says what to do."""


class Plan(NamedTuple):
    """What a device is to be given; None or empty: left as it is."""

    root: bytes | None = None  # Ed25519 public key, 32 bytes
    unix_s: int | None = None  # left as it is on a device that has an owner
    trust: bytes | None = None
    settings: bytes | None = None
    collection: bytes | None = None
    revoked_table: bytes | None = None
    revoked: bytes | None = None
    secrets: bytes | None = None


def provision(client: Client, plan: Plan, on_step: OnStep) -> dict[str, object]:
    """Carries a plan out; returns what the device said of each step.

    Every step is harmless when done again. on_step: (what, bytes done, bytes in all).
    Raises OldImage before anything is done, DeviceError, NoAnswer, PortError; what was done before
    stays done.
    """
    identity = client.identify()
    _check_image(identity)
    done: dict[str, object] = {}
    if plan.unix_s is not None and identity["root"] is None:
        on_step("clock", 0, 1)
        done["clock"] = client.set_clock(plan.unix_s)
        on_step("clock", 1, 1)
    if plan.root is not None:
        on_step("root key", 0, 1)
        client.add_seed(secrets.token_bytes(SEED_BYTES))  # the device's id comes from it
        done["device"] = client.install_root(plan.root).hex()
        on_step("root key", 1, 1)
    # The table goes before the list that vouches for it.
    for kind, data in (
        # First, so that the others are recorded.
        ("collection", plan.collection),
        ("trust", plan.trust),
        ("settings", plan.settings),
        ("revoked-table", plan.revoked_table),
        ("revoked", plan.revoked),
        ("secrets", plan.secrets),
    ):
        if data is not None:
            done[kind] = client.send_object(kind, data, functools.partial(on_step, kind))
    return done


def _check_image(identity: dict[str, object]) -> None:
    """Raises OldImage. A firmware that does not tell is of an older release, and is left alone."""
    told = identity.get("micropython")
    found = re.match(r"(\d+)\.(\d+)", told) if isinstance(told, str) else None
    if found and (int(found[1]), int(found[2])) < OLDEST_MICROPYTHON:
        raise OldImage(
            f"The device runs MicroPython {told}; the firmware needs 1.26 or later. Collect what "
            "is in its journal, then write a newer stock image onto it (docs/technician.md)."
        )


def secrets_object(paths: list[Path]) -> bytes:
    """What the device takes as secrets, from files of one HMAC secret each. Raises FileProblem."""
    rows = [list(keys.load_secret(path)) for path in paths]
    return encoding.encode(sorted(rows))
