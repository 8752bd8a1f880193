"""Who signs for what is done to a device: an operator with a credential, or the root itself."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import ask_passphrase
from host_tools.operators import Operator
from provisioning.errors import Mistyped
from provisioning.signed_files import Root

OperatorKey = Annotated[
    Path | None, typer.Option("--operator", help="The operator's private key (PEM).")
]
CredentialFile = Annotated[
    Path | None, typer.Option("--credential", help="The operator's credential, with the role.")
]
OwnerKey = Annotated[
    Path | None,
    typer.Option("--root", help="The root's private key (PEM), which signs without a credential."),
]


def signer(operator: Path | None, credential: Path | None, root: Path | None) -> Operator | None:
    """Whoever was named; None if nobody was. Raises Mistyped, FileProblem."""
    if (operator is None) != (credential is None):
        raise Mistyped("An operator takes both --operator and --credential.")
    if operator is not None and root is not None:
        raise Mistyped("Either an operator signs or the root: name one of them.")
    if operator is not None and credential is not None:
        return Operator.load(operator, credential, ask_passphrase)
    return Operator.owner(Root.load(root, ask_passphrase).key) if root is not None else None


def needed(found: Operator | None, role: str) -> Operator:
    """The same where somebody must sign. role: of the credential. Raises Mistyped."""
    if found is None:
        raise Mistyped(
            f"This has to be signed: by an operator with the role {role} (--operator and "
            "--credential), or by the root (--root)."
        )
    return found
