"""Small files in the device's file system, replaced whole or not at all."""

import errno
import os


def read(name):
    """The file's bytes, or None where there is no such file. Raises OSError if it is unreadable."""
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        if error.args[0] != errno.ENOENT:
            raise
        return None


def replace(name, data):
    """Writes a file so that a power cut leaves the old one or the new one, never a part.

    littlefs commits a file when it is closed, and renames over an existing file in one step.
    """
    part = name + ".new"
    with open(part, "wb") as file:
        file.write(data)
    os.rename(part, name)
