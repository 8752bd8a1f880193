"""Counts the operations of verify/ in instructions of the chip, on a fixed key and message."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tools.rv32.vm import Vm

FIRMWARE = Path(__file__).parents[2] / "firmware"
SEED = bytes(range(32))
# What is signed of a pass of 145 bytes: its Sig_structure, without the signature but with the frame
SIGNED_BYTES = 145


class Table:
    """Rows in memory, made as the device makes them."""

    def __init__(self):
        self.rows = bytearray(128 * 128)

    def write(self, index, row):
        self.rows[128 * index : 128 * index + 128] = row

    def read(self, index, view):
        view[:] = self.rows[128 * index : 128 * index + len(view)]


def measure():
    """Instructions by operation."""
    vm = Vm(FIRMWARE)
    ed25519 = vm.load("crypto.ed25519")
    x25519 = vm.load("crypto.x25519")
    sha512 = vm.load("crypto.sha512").sha512
    sign = vm.load("crypto.signing").sign
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    public = key.public_key().public_bytes_raw()
    message = bytes(i * 7 & 255 for i in range(SIGNED_BYTES))
    signature = key.sign(message)
    table = Table()
    if not vm.load("crypto.preparation").prepare(public, table.write):
        raise AssertionError("the key was not prepared")
    vm.load("crypto.rows").base()  # checked once, at the start
    vm.machine.count()

    def cost(function, *arguments, result):
        vm.reset()
        if function(*arguments) != result:
            raise AssertionError("a wrong result in the emulator")
        return vm.cost()

    one, nine = bytes(64), bytes(64 + 8 * 128)
    from hashlib import sha512 as reference

    blocks = cost(sha512, nine, result=reference(nine).digest()) - cost(
        sha512, one, result=reference(one).digest()
    )
    prepared = cost(ed25519.verify, public, message, signature, table, result=True)
    return {
        "verify": cost(ed25519.verify, public, message, signature, result=True),
        "verify_prepared": prepared,
        "sign": cost(sign, SEED, message[:64], result=key.sign(message[:64])),
        "x25519": cost(x25519.x25519, SEED, public, result=_exchange(public)),
        "sha512_block": blocks // 8,
    }


def _exchange(u):
    from cryptography.hazmat.primitives.asymmetric import x25519

    return x25519.X25519PrivateKey.from_private_bytes(SEED).exchange(
        x25519.X25519PublicKey.from_public_bytes(u)
    )
