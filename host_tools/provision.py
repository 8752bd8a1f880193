"""Makes a device ready for work: clock, owner, signed lists, settings, secrets, in this order.

The clock comes first: once a device has an owner, only an operator may set it.
"""

import functools
import re
import secrets
from collections.abc import Callable
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.client import Client, DeviceError
from provisioning import local_time, sealing
from provisioning.errors import Problem
from provisioning.keys import HmacSecret

SEED_BYTES = 32
OLDEST_MICROPYTHON = (1, 26)  # docs/firmware.md, RAM: older images have no room for machine code
OnStep = Callable[[str, int, int], None]


class OldImage(Problem):
    """The device's MicroPython is older than is supported. The message says what to do."""


class Signer(Protocol):
    """Signs for what comes."""

    @property
    def key(self) -> Ed25519PrivateKey:
        """What signs."""

    def present(self, client: Client) -> None:
        """Shows the device who this is, if it has to know."""


class Plan(NamedTuple):
    """What a device is to be given; None or empty: left as it is."""

    root: bytes | None = None  # Ed25519 public key, 32 bytes
    unix_s: int | None = None  # left as it is on a device that has an owner
    trust: bytes | None = None
    settings: bytes | None = None
    collection: bytes | None = None
    revoked_table: bytes | None = None
    revoked: bytes | None = None
    secrets: tuple[HmacSecret, ...] = ()  # come
    forgotten: tuple[bytes, ...] = ()  # kids of secrets that go
    signer: Signer | None = None  # for secrets: the root, or an operator who may provision
    device_key: bytes | None = None  # Ed25519, where it is known; else the device's word is taken


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
        if identity["root"] is None or client.status().get("missing") == "random seed":
            client.add_seed(secrets.token_bytes(SEED_BYTES))  # the device's id comes from it
        done["device"] = client.install_root(plan.root).hex()
        on_step("root key", 1, 1)
    # A table goes behind the list that vouches for it.
    for kind, data in (
        # First, so that the others are recorded.
        ("collection", plan.collection),
        ("trust", plan.trust),
        ("settings", plan.settings),
        ("revoked", plan.revoked),
        ("revoked-table", plan.revoked_table),
    ):
        if data is not None:
            done[kind] = _send(client, kind, data, plan, on_step)
    if plan.secrets or plan.forgotten:
        done["secrets"] = _send_secrets(client, plan, on_step)
    return done


def _send(client: Client, kind: str, data: bytes, plan: Plan, on_step: OnStep) -> int:
    step = functools.partial(on_step, kind)
    try:
        return client.send_object(kind, data, step)
    except DeviceError as error:
        if kind != "revoked-table" or error.code != "TABLE_MISMATCH" or plan.revoked is None:
            raise
    # The device has restarted in between: its list is forgotten until its table is there.
    client.send_object("revoked", plan.revoked)
    return client.send_object(kind, data, step)


def _send_secrets(client: Client, plan: Plan, on_step: OnStep) -> int:
    """Seals the secrets to the device, and sends them. Raises NotVouched."""
    if plan.signer is None:
        raise ValueError("secrets are signed")
    identity = client.identify()
    device = identity["device"]
    key = None
    if plan.secrets:
        vouched = client.sealing_key()
        key = sealing.open_sealing_key(vouched, device, plan.device_key or identity["key"])
    now = local_time.now()
    number = max(client.status()["lists"].get("secrets", 0) + 1, now)
    data = sealing.seal_secrets(
        plan.signer.key, device, key, number, now, plan.secrets, plan.forgotten
    )
    plan.signer.present(client)
    return client.send_object("secrets", data, functools.partial(on_step, "secrets"))


def _check_image(identity: dict[str, object]) -> None:
    """Raises OldImage. A firmware that does not tell is of an older release, and is left alone."""
    told = identity.get("micropython")
    found = re.match(r"(\d+)\.(\d+)", told) if isinstance(told, str) else None
    if found and (int(found[1]), int(found[2])) < OLDEST_MICROPYTHON:
        raise OldImage(
            f"The device runs MicroPython {told}; the firmware needs 1.26 or later. Collect what "
            "is in its journal, then write a newer stock image onto it (docs/technician.md)."
        )
