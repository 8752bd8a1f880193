"""An operator's key and credential, and the commands that a device carries out for them."""

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.client import Client
from provisioning import files, keys, operators
from provisioning.errors import FileProblem
from provisioning.signed_files import read_credential


class Operator:
    """Signs for what is done to a device (docs/link.md, Commands)."""

    def __init__(self, key: Ed25519PrivateKey, credential: bytes | None) -> None:
        """credential: COSE_Sign1 by the root, that confirms this key; None: it is the root."""
        self._key = key
        self._credential = credential

    @classmethod
    def owner(cls, root: Ed25519PrivateKey) -> "Operator":
        """The root itself, which needs no credential and has every role."""
        return cls(root, None)

    @property
    def key(self) -> Ed25519PrivateKey:
        """What signs."""
        return self._key

    @classmethod
    def load(cls, key_path: Path, credential_path: Path, ask: keys.AskPassphrase) -> "Operator":
        """From the private key's PEM file and the credential's. Raises FileProblem.

        ask: called for the key's passphrase, if there is one. Whose root signed the credential
        only a device judges.
        """
        key = keys.load_private(key_path, ask)
        confirmed = read_credential(credential_path, root=None)
        if confirmed.key != keys.raw_public(key):
            raise FileProblem(
                f"{credential_path} is the credential of another key, {confirmed.kid.hex()} "
                f"({confirmed.name}). Issue one for {keys.public_path(key_path)} with: "
                "scanpost operator issue"
            )
        return cls(key, files.read(credential_path))

    def present(self, client: Client) -> None:
        """Shows the credential; it counts until the device restarts. Raises DeviceError."""
        if self._credential is not None:
            client.send_object("operator", self._credential)

    def command(
        self, client: Client, device_id: bytes, operation: str, arguments: list[Any]
    ) -> Any:
        """Has the device (id, 8 bytes) carry out a command; returns its result.

        Raises DeviceError; nothing was changed then.
        """
        nonce = client.challenge()
        signed = operators.sign_command(self._key, device_id, nonce, operation, arguments)
        return client.send_object("command", signed)

    def run(self, client: Client, device_id: bytes, operation: str, arguments: list[Any]) -> Any:
        """`present`, then `command`."""
        self.present(client)
        return self.command(client, device_id, operation, arguments)
