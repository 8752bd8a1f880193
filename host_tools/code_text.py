"""What a person names as a pass: its text, a picture of it, a text file, or `-` for input."""

import os
import sys
from pathlib import Path

from provisioning import files, passes, qr
from provisioning.errors import FileProblem

_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")


def read_code(given: str) -> bytes:
    """The bytes in a code. Raises FileProblem.

    A text that is no pass comes back as it is: a reader has an answer to that, too.
    """
    if given == "-":
        return sys.stdin.buffer.readline(4 * passes.MAX_TEXT)
    if given.startswith(passes.PREFIX):
        return os.fsencode(given)
    path = Path(given)
    if path.suffix.lower() == ".svg":
        raise FileProblem(f"{given} is a drawing; give a PNG or a photo of it.")
    if path.suffix.lower() == ".txt":
        return files.read(path)
    if path.suffix.lower() in _PICTURE_ENDINGS or _is_file(path):
        files.read(path)  # for its message, if it is not there
        return qr.decode_picture(path)
    return os.fsencode(given)  # whatever bytes were typed: a reader has an answer to them


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a NUL
        return False
