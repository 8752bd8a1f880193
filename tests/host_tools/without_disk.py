"""A disk without room: the system refuses each byte that is written to a file."""

import resource
from contextlib import contextmanager


@contextmanager
def full_disk(room: int = 0):
    """room: how long a file may be all the same, in bytes. Python ignores SIGXFSZ."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
