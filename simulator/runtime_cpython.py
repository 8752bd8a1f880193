"""Runs the firmware under CPython, in a world of its own.

Each boot loads the firmware afresh into private modules whose imports are answered from the
firmware's folder, the board's folder and the stand-ins first, and from a short list of modules
that CPython and MicroPython share. The host's own modules are neither seen nor touched.
"""

import builtins
import hashlib
import types
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulator.littlefs_volume import Volume

STANDINS = Path(__file__).parent / "standins"
# what MicroPython 1.26 on the ESP32 has too, with the same meaning as far as it is used
SHARED_MODULES = {
    "array",
    "binascii",
    "builtins",
    "cmath",
    "collections",
    "errno",
    "gc",
    "heapq",
    "io",
    "json",
    "math",
    "re",
    "struct",
}
FIRMWARE_PLACE = "/.fw"  # where the firmware's folder is for the device, in both runtimes
HIDDEN_BUILTINS = {"breakpoint", "copyright", "credits", "exit", "help", "license", "quit"}

_compiled = {}  # path -> (mtime, code)


class Exit(Exception):
    """sys.exit()."""


def _code(path):
    stamp = path.stat().st_mtime_ns
    known = _compiled.get(path)
    if known is None or known[0] != stamp:
        source = path.read_text(encoding="utf-8")
        _compiled[path] = known = (stamp, compile(source, str(path), "exec"))
    return known[1]


class Session:
    """The CPU's surface for one boot. Coroutines left over from it are closed by the garbage
    collector whenever it pleases; what they do then must not reach the next boot's chips."""

    def __init__(self, cpu):
        self._cpu = cpu
        self._over = False

    def end(self):
        """From now on every call raises GeneratorExit, which is how a coroutine is closed."""
        self._over = True

    def __getattr__(self, name):
        if self._over:
            raise GeneratorExit
        return getattr(self._cpu, name)


class World:
    """The modules of one boot."""

    def __init__(self, folders, firmware, preloaded):
        self._folders = folders
        self._firmware = firmware
        self.modules = dict(preloaded)
        self.builtins = {
            name: value for name, value in vars(builtins).items() if name not in HIDDEN_BUILTINS
        }
        self.builtins["__import__"] = self._import

    def module(self, name, **contents):
        """A module made here."""
        made = types.ModuleType(name)
        vars(made).update(contents)
        self.modules[name] = made
        return made

    def run_main(self, path):
        """Execute a file as the program."""
        made = self.module("__main__", __builtins__=self.builtins, __file__=str(path))
        exec(_code(path), vars(made))

    def _import(self, name, globals=None, locals=None, fromlist=(), level=0):
        if level:
            package = globals["__package__"].split(".")
            base = package[: len(package) - level + 1]
            name = ".".join(base + ([name] if name else []))
        module = self._load(name)
        if not fromlist:
            return module if level else self.modules[name.split(".")[0]]
        for part in fromlist:
            if hasattr(module, "__path__") and part != "*" and not hasattr(module, part):
                self._load(f"{name}.{part}", missing_ok=True)
        return module

    def _load(self, name, missing_ok=False):
        if name in self.modules:
            return self.modules[name]
        parent, _, last = name.rpartition(".")
        folders = self._folders
        if parent:
            folders = [Path(place) for place in getattr(self._load(parent), "__path__", ())]
        for folder in folders:
            for path, is_package in (
                (folder / last / "__init__.py", True),
                (folder / f"{last}.py", False),
            ):
                if path.is_file():
                    return self._execute(name, path, is_package)
            if (folder / last).is_dir():
                return self._enter(name, folder / last)
        if not parent and name in SHARED_MODULES:
            self.modules[name] = builtins.__import__(name)
            return self.modules[name]
        if missing_ok:
            return None
        raise ImportError(f"no module named '{name}'")

    def _device_path(self, path):
        """What the device calls a file: those of the firmware can be opened under that name."""
        if path.is_relative_to(self._firmware):
            return f"{FIRMWARE_PLACE}/{path.relative_to(self._firmware).as_posix()}"
        return str(path)

    def _enter(self, name, folder):
        made = self.module(name, __path__=[str(folder)], __builtins__=self.builtins)
        made.__package__ = name
        return self._bind(name, made)

    def _execute(self, name, path, is_package):
        made = self.module(name, __builtins__=self.builtins, __file__=self._device_path(path))
        made.__package__ = name if is_package else name.rpartition(".")[0]
        if is_package:
            made.__path__ = [str(path.parent)]
        try:
            exec(_code(path), vars(made))
        except BaseException:
            del self.modules[name]
            raise
        return self._bind(name, made)

    def _bind(self, name, made):
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(self.modules[parent], last, made)
        return made


class Sys:
    """`sys` of the device."""

    platform = "esp32"
    byteorder = "little"
    maxsize = (1 << 31) - 1
    version = "3.4.0; MicroPython v1.26.0"
    version_info = (3, 4, 0)
    argv = []

    def __init__(self, world, stdio):
        self.modules = world.modules
        self.path = ["", ".frozen", "/lib"]
        self.stdin = stdio.stdin
        self.stdout = stdio.stdout
        self.stderr = stdio.stdout
        self.implementation = types.SimpleNamespace(name="micropython", version=(1, 26, 0, ""))
        self._print = stdio.print

    def print_exception(self, error, file=None):
        """The traceback as MicroPython prints it, shortened to the error."""
        self._print("Traceback (most recent call last):", file=file)
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            self._print(
                f'  File "{Path(code.co_filename).name}", line {trace.tb_lineno}, '
                f"in {code.co_name}",
                file=file,
            )
            trace = trace.tb_next
        self._print(f"{type(error).__name__}: {error}", file=file)

    def exit(self, code=0):
        raise Exit(code)


def make_world(board, cpu):
    """The modules of a boot, up to where main.py begins."""
    world = World(
        [
            board.firmware,
            STANDINS / "replacing",
            STANDINS / "on_cpython",
            STANDINS,
        ],
        board.firmware,
        {},
    )
    world.module("_board", cpu=cpu)
    world.module("_hashlib_of_host", sha256=hashlib.sha256, sha1=hashlib.sha1, md5=hashlib.md5)
    world.module("_ciphers", Cipher=Cipher, algorithms=algorithms, modes=modes)
    world.module("_coroutines", coroutine=types.coroutine)
    vfs = board.partition("vfs")
    volume = Volume(cpu, vfs.offset, vfs.size)
    volume.mount(FIRMWARE_PLACE, board.firmware)
    world.module("_volume", volume=volume)
    world.builtins["open"] = volume.open
    stdio = world._load("_stdio")
    world.builtins["print"] = stdio.print
    world.modules["sys"] = Sys(world, stdio)
    world._execute("board", board.data.folder / "board.py", False)
    micropython = world._load("micropython")
    micropython.kbd_intr = cpu.kbd_intr
    return world


def execute(board):
    """One boot, to its end. Raises what ended it: PowerCut, Reset, or the firmware's error.

    Returns when the firmware ended by itself.
    """
    session = Session(board.cpu)
    try:
        world = make_world(board, session)
        return run(world, board.firmware / board.main)
    finally:
        session.end()


def run(world, main):
    """Execute the program `main` and show on the link what ended it."""
    try:
        world.run_main(main)
    except Exit:
        return "the firmware ended: sys.exit()"
    except Exception as error:
        world.modules["sys"].print_exception(error)
        raise
    return None
