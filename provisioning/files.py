"""Files: read with a cap, written whole or not at all, private where they hold people or keys.

What is new is written beside its place, synced, and put there in one step; so neither a full disk
nor a power cut leaves half of it, nor an empty one under its name.
"""

import contextlib
import errno
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from provisioning.errors import FileProblem

PUBLIC, PRIVATE = 0o644, 0o600
MAX_BYTES = 16 * 1024 * 1024
LOCK_S = 10.0  # how long a list waits for another program that is changing it
_OTHERS = 0o077  # permissions of all but the owner

_ADVICE = {
    errno.EACCES: "you may not; look at the permissions of the file and of its folder",
    errno.EPERM: "you may not; look at the permissions of the file and of its folder",
    errno.EROFS: "it is on a disk that is not to be written; choose another folder",
    errno.ENOENT: "it is not there, or its folder is not",
    errno.ENOSPC: "the disk is full; make room and do it again",
    errno.EDQUOT: "your share of the disk is full; make room and do it again",
    errno.EFBIG: "the file would be larger than you may write",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "its folder is a file",
    errno.ENAMETOOLONG: "its name is too long",
}
# Of file systems that know no second name for a file: those of most USB sticks.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class OpenToOthers(UserWarning):
    """A file with a private key or with people can be read by others. The message says it."""


def read(path: Path) -> bytes:
    """A file's bytes. Raises FileProblem."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileProblem(f"{path} is too large for anything that belongs here.")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in its name
        raise FileProblem(f"{path} cannot be read: {why(error)}.") from error


def is_there(path: Path) -> bool:
    """True if something has this name; False for what can be no name at all."""
    return os.path.lexists(path)


def replace(path: Path, data: bytes, mode: int = PUBLIC, is_synced: bool = True) -> None:
    """Writes a file whole or not at all. Raises FileProblem.

    is_synced: False for one of many, where a power cut is told by the file that comes after them.
    """
    try:
        with _beside(path, data, mode, is_synced) as part:
            os.replace(part, path)
            if is_synced:
                _sync_folder(path.parent)
    except (OSError, ValueError) as error:
        raise FileProblem(f"{path} cannot be written: {why(error)}.") from error


def create(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Writes a new file whole or not at all. Raises FileProblem, also if it is there."""
    try:
        with _beside(path, data, mode) as part:
            try:
                os.link(part, path)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                _create_in_place(path, data, mode)
            _sync_folder(path.parent)
    except FileExistsError as error:
        raise FileProblem(
            f"{path} is there already. What is overwritten is lost: choose another name."
        ) from error
    except (OSError, ValueError) as error:
        raise FileProblem(f"{path} cannot be written: {why(error)}.") from error


def make_private(path: Path) -> bool:
    """Makes an empty private file (0600) for a library that opens it by name, if there is none.

    True if it was made now. Raises OSError.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    except FileExistsError:
        return False
    return True


def remark_if_open(path: Path) -> None:
    """Warns (OpenToOthers) of a file of keys or people that not only its owner may read."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # whoever reads it says why it cannot be
    if os.name == "posix" and mode & _OTHERS:
        warnings.warn(
            f"Others on this computer may read {path}: take that away with: chmod 600 {path}",
            OpenToOthers,
            stacklevel=2,
        )


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Between reading a file and replacing it: nobody else who asks gets in. Raises FileProblem.

    What is locked is the folder, so nothing is left behind, and the lock ends with the program.
    """
    folder = path.absolute().parent
    try:
        handle = _open_lock(folder)
    except (OSError, ValueError) as error:
        raise FileProblem(f"{path} cannot be changed: {why(error)}.") from error
    try:
        deadline = time.monotonic() + LOCK_S
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise FileProblem(
                    f"Another program is changing what is in {folder}. Nothing was changed here; "
                    "try again when it has ended."
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def why(error: Exception) -> str:
    """What to say of an error of the operating system."""
    if not isinstance(error, OSError):
        return "no file can have this name"
    return _ADVICE.get(error.errno or 0, str(error.strerror))


@contextlib.contextmanager
def _beside(path: Path, data: bytes, mode: int, is_synced: bool = True) -> Iterator[str]:
    """A file with all of it, synced, which is gone in the end unless it was renamed."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".scanpost-")
    try:
        _write(handle, data, is_synced)
        os.chmod(part, mode)
        yield part
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def _create_in_place(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        _write(handle, data)
    except OSError:
        os.unlink(path)
        raise


def _write(handle: int, data: bytes, is_synced: bool = True) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        if is_synced:
            os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """The name outlives a power cut of this computer, where the system can promise that."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _open_lock(folder: Path) -> int:
        return os.open(folder / ".scanpost.lock", os.O_RDWR | os.O_CREAT)

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _open_lock(folder: Path) -> int:
        return os.open(folder, os.O_RDONLY)

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            return False
        return True
