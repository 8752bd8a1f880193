"""What a function decorated with `@micropython.viper` needs when CPython runs it.

Its arguments become what their annotations say; `ptr8`, `ptr16`, `ptr32` turn addresses back into
memory, and `int` of a pointer is its address. Addresses are made up: the n-th buffer of a call
begins at n << 24, so that arithmetic on them stays small. Values keep CPython's width: that they
fit 32 bits is proved elsewhere, and storing one that does not fit a word raises.
"""

FunctionType = type(lambda: None)  # `types` is not to be had on the device

_FORMATS = {"ptr8": "B", "ptr16": "H", "ptr32": "i"}
_buffers = []  # of the call that runs: viper functions do not call each other


def _pointer(format):
    def cast(source):
        if isinstance(source, int):
            memory = _buffers[(source >> 24) - 1][source & 0xFFFFFF :]
        else:
            memory = memoryview(source).cast("B")
        size = memoryview(bytes(8)).cast(format).itemsize
        return memory[: len(memory) // size * size].cast(format)

    return cast


def _address(value):
    if isinstance(value, memoryview):
        for number, memory in enumerate(_arguments):
            if memory is value:
                return (number + 1) << 24
        raise TypeError("only an argument's address is known")
    return int(value)


_arguments = []
_CASTS = {name: _pointer(format) for name, format in _FORMATS.items()}
# annotations are looked up when a function is defined
__builtins__.update({name: cast for name, cast in _CASTS.items()})


def viper(function):
    """The function as CPython can run it; `function` must not use globals that are set later."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    kinds = [function.__annotations__.get(name) for name in names]
    casts = tuple(_CASTS.values())
    body = FunctionType(
        function.__code__, dict(function.__globals__, int=_address), function.__name__
    )

    def call(*arguments):
        if len(arguments) != len(kinds):
            raise TypeError(f"{function.__name__} takes {len(kinds)} arguments")
        _buffers[:] = []
        _arguments[:] = []
        for kind, argument in zip(kinds, arguments):
            if kind in casts:
                _buffers.append(memoryview(argument).cast("B"))
                _arguments.append(kind(argument))
        pointers = iter(list(_arguments))
        return body(*[next(pointers) if k in casts else a for k, a in zip(kinds, arguments)])

    call.body = function
    return call
