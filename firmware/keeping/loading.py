"""Reads what is kept from its files, at a start."""

from verify.errors import Malformed, Refused

from keeping import files, objects
from keeping.identity import ROOT
from keeping.provisioned import COLLECTION, REVOKED, SECRETS, SETTINGS, TRUST


def load(held):
    """Reads everything into a Provisioned; its `damaged` names what is there but of no use."""
    try:
        held.identity.load()
    except (Malformed, OSError):
        held.damaged.append(ROOT)
    if held.identity.root is None:
        return  # whose the rest is cannot be told
    for kind in (TRUST, SETTINGS, COLLECTION, REVOKED, SECRETS):
        try:
            data = files.read(kind)
            if data is not None:
                _load(held, kind, data)
        except (Malformed, Refused, OSError):
            held.damaged.append(kind)


def _load(held, kind, data):
    if kind == SECRETS:
        objects.adopt_secrets(held, objects.read_kept_secrets(data))
        return
    slot = None
    if kind == REVOKED:
        if len(data) < 2 or data[0] > 1:
            raise Malformed
        slot, data = data[0], data[1:]
    objects.adopt(held, kind, objects.open_signed(kind, data, held.identity.root, True), slot)
