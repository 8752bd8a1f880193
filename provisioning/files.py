"""Files that are read with a cap, replaced in one step, and private where they hold a secret."""

import errno
import os
import tempfile
from pathlib import Path

from provisioning.errors import FileProblem

_ADVICE = {
    errno.EACCES: "you may not; look at the permissions of the file and of its folder",
    errno.EPERM: "you may not; look at the permissions of the file and of its folder",
    errno.EROFS: "it is on a disk that is not to be written; choose another folder",
    errno.ENOENT: "it is not there, or its folder is not",
    errno.ENOSPC: "the disk is full",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "its folder is a file",
}
MAX_BYTES = 16 * 1024 * 1024


def read(path: Path) -> bytes:
    """A file's bytes. Raises FileProblem."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileProblem(f"{path} is too large for anything that belongs here.")
        return path.read_bytes()
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {_why(error)}.") from error


def replace(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Writes a file whole or not at all. Raises FileProblem."""
    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(part).chmod(mode)
            os.replace(part, path)
        except OSError:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FileProblem(f"{path} cannot be written: {_why(error)}.") from error


def create_private(path: Path, data: bytes) -> None:
    """Writes a new file that only its owner reads (0600). Raises FileProblem if it is there."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise FileProblem(
            f"{path} is there already. A key that is overwritten is lost: choose another name."
        ) from error
    except OSError as error:
        raise FileProblem(f"{path} cannot be written: {_why(error)}.") from error


def _why(error: OSError) -> str:
    return _ADVICE.get(error.errno or 0, str(error.strerror))
