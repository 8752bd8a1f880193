"""What a scan needs, and what it must not bring with it."""

import subprocess
import sys
from pathlib import Path

FIRMWARE = Path(__file__).parents[1] / "firmware"
STANDINS = Path(__file__).parents[1] / "simulator" / "standins"
IMPORTED = """
import sys
sys.path[:0] = sys.argv[1:]
import verify.passes, verify.trust, verify.revocation
print(*(name for name in sys.modules if name.split(".")[0] in ("verify", "crypto")))
"""


def test_a_scan_reads_no_tree():
    """The reader that makes objects, and what only signs, are opened with the host's objects."""
    command = [sys.executable, "-c", IMPORTED, str(FIRMWARE), str(STANDINS)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    imported = set(done.stdout.split())
    assert {"verify.items", "verify.reading", "crypto.ed25519"} <= imported
    others = {"verify.cbor", "verify.cose", "verify.issuers", "crypto.signing", "crypto.hpke"}
    assert not others & imported
