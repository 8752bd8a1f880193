"""`micropython` for CPython: the decorators of the code emitters change nothing there."""


def const(value):
    return value


def native(function):
    return function


def viper(function):
    return function


def kbd_intr(character):
    """Set by the runtime; without a board there is no link to be interrupted from."""


def opt_level(*level):
    return 0
