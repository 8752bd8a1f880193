"""Makes a device ready for work: clock, owner, signed lists, settings, secrets, in this order.

The clock comes first: once a device has an owner, only an operator may set it.
"""

import functools
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from host_tools.client import Client
from provisioning import encoding, keys

SEED_BYTES = 32
OnStep = Callable[[str, int, int], None]


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
    Raises DeviceError, NoAnswer, PortError; what was done before stays done.
    """
    done: dict[str, object] = {}
    if plan.unix_s is not None and client.identify()["root"] is None:
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


def secrets_object(paths: list[Path]) -> bytes:
    """What the device takes as secrets, from files of one HMAC secret each. Raises FileProblem."""
    rows = [list(keys.load_secret(path)) for path in paths]
    return encoding.encode(sorted(rows))
