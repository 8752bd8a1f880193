"""`micropython` for CPython, which runs by itself what the code emitters would compile."""

from _viper import viper  # noqa: F401


def const(value):
    return value


def native(function):
    return function


def kbd_intr(character):
    """Set by the runtime; without a board there is no link to be interrupted from."""


def opt_level(*level):
    return 0
