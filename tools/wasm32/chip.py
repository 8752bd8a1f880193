"""Runs the deployed firmware in the 32-bit MicroPython, with a virtual board's chips behind it.

    board = Board32(folder, pool=168 * 1024)
    board.power_on()

The heap is what the chip's would be: `pool` bytes for Python and machine code together, less the
machine code of the deployed modules, plus what the stand-ins take (measured as they are loaded).
With `first_area` nothing lies across that many bytes from the heap's beginning, as on an ESP32,
whose heap is in pieces.
"""

import contextlib
import shutil
import struct
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import wasmtime
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from provisioning import deploy
from provisioning.build import stock
from provisioning.build.name_map import NameMap
from simulator import rpc, runtime_micropython
from simulator.board import VirtualBoard
from simulator.nor_flash import PowerCut
from simulator.runtime_micropython import SHARED, with_numbers
from simulator.wiring import wire
from tools.rv32 import mpy
from tools.rv32.machine import DATA, Machine
from tools.wasm32 import frames, interpreter, rewrite
from tools.wasm32.objects import Buffer, Memory, small_int
from tools.wasm32.rewrite import STATIC_BYTES
from tools.wasm32.stubs import FIRST, Stubs

STANDINS = Path(__file__).parent / "standins"
# which MicroPython's image has in C or frozen, or which stand for its own
ARCHITECTURE = "rv32imc"

# Numbers of what the stand-ins ask (`... @ number`)
CALL, FETCH, ENCRYPT, KINDS, MOMENT, DECRYPT = range(6)
SET_UP_AES = 900
EXTRA_CALLS = ("wait_ms", "rtc_s")
ERROR, VALUE_ERROR, INTERRUPT = -100_000, -200_000, -200_001
# ports/unix/main.c; the linker gives it 64 KB
STACK_LIMIT_BYTES = 40_000
STACK_BYTES = 64_000

FIRST_NAMES, NAME_BYTES = 20, 6  # an address, a hash, a length
POOL_BYTES = 24  # of a pool of names before its texts' addresses
BLOCK_BYTES = 16  # py/mpconfig.h: MICROPY_BYTES_PER_GC_BLOCK with words of 32 bits
# Two bits of a table say whether a block is free; by byte of it, four blocks as text and their sum
IN_BYTE = [
    b"".join(b"#" if byte >> shift & 3 else b"." for shift in (0, 2, 4, 6)) for byte in range(256)
]
TAKEN_IN_BYTE = bytes(text.count(b"#") for text in IN_BYTE)


@dataclass
class Heap:
    """The heap at a moment, in bytes."""

    total: int
    used: int
    largest_free: int


@dataclass
class Cost:
    """What was executed and allocated between two moments."""

    cost: int = 0  # of the interpreter, in the units of rewrite.py; collections not included
    native: int = 0  # instructions of machine code
    native_calls: int = 0
    allocations: int = 0
    allocated_bytes: int = 0
    collections: int = 0
    collections_cost: int = 0

    def __sub__(self, other):
        return Cost(*[a - b for a, b in zip(self.values(), other.values(), strict=True)])

    def __add__(self, other):
        return Cost(*[a + b for a, b in zip(self.values(), other.values(), strict=True)])

    def values(self):
        return tuple(vars(self).values())


@cache
def engine():
    return wasmtime.Engine(interpreter.configuration())


@cache
def compiled_interpreter():
    return interpreter.module(engine())


class Parts:
    """Which source a piece of a deployed module's code is from: by its number among those at the
    top. rows: (path in firmware/, how many it has, None for all), as the map of names has them."""

    def __init__(self, rows):
        self._rows = rows
        self.first = self._name(rows[0][0])

    @staticmethod
    def _name(place):
        return place.rpartition(".")[0]

    def check(self, count):
        """Raises ValueError if so many pieces are not what the map of names says."""
        counts = [count for _, count in self._rows]
        if None not in counts and sum(counts) != count:
            raise ValueError(f"{count} pieces of code, and {sum(counts)} in the map of names")

    def of(self, number):
        for place, count in self._rows:
            if count is None or number < count:
                return self._name(place)
            number -= count
        raise IndexError("more code than the map of names knows of")


class Firmware:
    """The deployed firmware without machine code, in a folder; what that would take."""

    def __init__(self, folder, board="simulator"):
        self.folder = Path(folder)
        deployed = self.folder / "deployed"
        self.files = self.folder / "files"
        deploy.compile_firmware(board, deployed, arch=ARCHITECTURE)
        self.stubs = Stubs()
        sources = NameMap.load(deploy.map_beside(deployed)).files
        self.functions = {}  # the first bytes of a function's bytecode: [(its bytecode, module)]
        for path in sorted(deployed.rglob("*")):
            place = path.relative_to(deployed)
            out = self.files / place
            if path.is_dir():
                out.mkdir(parents=True, exist_ok=True)
                continue
            out.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes()
            if path.suffix == ".mpy":
                # as they are called in firmware/, whatever became of them on the device
                parts = sources.get(place.as_posix(), [(place.as_posix(), None)])
                data = self.stubs.without_code(data, Parts(parts).of)
                self._learn(data, Parts(parts))
            out.write_bytes(data)
        self.arity = {n: self.stubs.arguments(n) for n in self.stubs.codes}
        self.standins_bytes = None
        self.standins = self.folder / "standins"
        self.standins.mkdir()
        # What the firmware uses of the stock image's own names takes nothing there: it is made
        # known to this interpreter, which lacks some of them, before the firmware is loaded.
        known = sorted(self.stubs.names & stock.in_every_image())
        (self.standins / "names").write_text("\n".join(known), encoding="ascii")
        for path in (
            *(runtime_micropython.STANDINS / name for name in SHARED),
            *STANDINS.glob("*.py"),
        ):
            source = self.folder / path.name
            source.write_text(_with_numbers(path.read_text(encoding="utf-8")), encoding="utf-8")
            out = self.standins / f"{path.stem}.mpy"
            out.write_bytes(mpy.cross_compile(source, "-O3", "-s", f"/si/{out.name}"))
            self._learn(out.read_bytes(), Parts([(f"image/{path.stem}.py", None)]))
            source.unlink()

    def _learn(self, data, parts):
        root = mpy.read(data, "").code
        parts.check(len(root.children))
        waiting = [(root, parts.first)]
        waiting += [(code, parts.of(i)) for i, code in enumerate(root.children)]
        while waiting:
            code, name = waiting.pop()
            if code is not root:
                waiting += [(child, name) for child in code.children]
            self.functions.setdefault(bytes(code.data[:8]), []).append((bytes(code.data), name))

    def names(self):
        """All names that the deployed modules bring along and a stock image has not."""
        return self.stubs.names - stock.in_every_image()


def _with_numbers(source):
    number = len(rpc.CALLS)
    for name in EXTRA_CALLS:
        source = source.replace(f"cpu.{name}(", f"cpu({number}, ")
        number += 1
    return with_numbers(source)


def names_table_bytes(count):
    """Bytes of the tables that so many names need, beside their texts: each is twice the last
    (py/qstr.c). The first that an interpreter makes has room for 20."""
    size = 0
    room = FIRST_NAMES
    while count > 0:
        size += POOL_BYTES + room * NAME_BYTES
        count -= room
        room *= 2
    return size


class Chip:
    """One boot of the firmware."""

    def __init__(self, board):
        self.board = board
        self.firmware = board.deployed
        self.machine = Machine()
        self.native = self.native_calls = 0
        self._output = Path(board.folder) / "output.txt"
        self._pending = b""
        self._ciphers = {}
        self.on_allocation = None  # called with a size in bytes as memory is asked for
        # Called while profiling with an allocation's size, and the function (its bytecode's
        # address) that asked for it at which instruction; None: by being called.
        self.on_allocated = None
        self._is_profiling = False
        self._asked = []  # allocations since a function was last entered or left: as on_allocated
        self._states = []  # addresses of the mp_code_state_t of what runs
        self._preludes = {}  # by address of bytecode
        self._stack = []
        self.by_module = None  # {module: Cost} after profiling
        self._table = None
        self.baseline_names = 0
        self.baseline = None  # the heap with the stand-ins, before the firmware
        heap_bytes = board.heap_bytes
        self.store, self._instance = interpreter.start(
            engine(),
            compiled_interpreter(),
            ["-X", f"heapsize={heap_bytes}", "-c", board.program()],
            self._host_call,
            folders=((board.files, "/fw"), (self.firmware.standins, "/si")),
            clock=lambda: board.cpu.now_us(),
            output=self._output,
        )
        self._exports = self._instance.exports(self.store)
        self.memory = Memory(self._exports["memory"], self.store)

    def run(self):
        """To its end. Returns what it said, or raises what ended it."""
        with contextlib.suppress(wasmtime.ExitTrap):
            self._exports["_start"](self.store)
        return "the firmware ended:\n" + self._output.read_text(errors="replace")

    # what the interpreter tells and asks

    def _host_call(self, what, first, second, third, *_):
        if what == rewrite.OPERATE:
            return self._operate(first, second & 0xFFFFFFFF, third & 0xFFFFFFFF)
        if what == rewrite.ENTER:
            self._enter(first & 0xFFFFFFFF)
        elif what == rewrite.LEAVE:
            self._leave()
        elif what == rewrite.ALLOCATE:
            if self._is_profiling:
                self._asked.append((first, *self._where()))
            hook, self.on_allocation = self.on_allocation, None
            if hook is not None:
                hook(first)
                self.on_allocation = hook
        return 0

    def _operate(self, left, right, state):
        if not right & 1:
            return 0
        number = right >> 1
        argument = self.memory.arguments(state)
        if number >= FIRST:
            return self._run_machine_code(number, state, argument)
        if number == CALL:
            return small_int(self._call(argument))
        if number == FETCH:
            argument(0).store(self._pending)
        elif number in (ENCRYPT, DECRYPT):
            ciphers = self._ciphers[argument(0)]
            argument(2).store(ciphers[number == DECRYPT].update(bytes(argument(1))))
        elif number == KINDS:
            last = state + 4 * (5 + self.memory.short(state + 12) - 1)
            found = [self.memory.word(last - 4 * i) for i in range(5)]
            for name, at in zip(("bytes", "bytearray", "memoryview", "int"), found, strict=False):
                self.memory.types[self.memory.word(at)] = name
            self.memory.none = found[4]
            self._widen_stack()
        elif number == MOMENT:
            return small_int(self.board.at_moment(self, argument(0)) or 0)
        else:
            return 0
        return small_int(0)

    def _call(self, argument):
        number, values = argument(0), [argument(1), argument(2), argument(3)]
        if number == SET_UP_AES:
            address, key, mode = values
            chaining = modes.CBC(bytes(mode)) if isinstance(mode, Buffer) else modes.ECB()
            cipher = Cipher(algorithms.AES(bytes(key)), chaining)
            self._ciphers[address] = (cipher.encryptor(), cipher.decryptor())
            return 0
        cpu = self.board.cpu
        if number >= len(rpc.CALLS):
            if EXTRA_CALLS[number - len(rpc.CALLS)] == "rtc_s":
                return cpu.rtc_us() // 1_000_000
            ms, keys = values[:2]
            due_us = -1 if ms is None or ms < 0 else cpu.now_us() + 1000 * ms
            return cpu.wait(due_us, keys)
        name = rpc.CALLS[number]
        count = rpc.ARGUMENTS[name]
        if name == "flash_read":
            address, buffer = values[:2]
            values[1] = len(buffer)
        elif name in rpc.WITH_DATA:
            count += 1
            values[count - 1] = bytes(values[count - 1])
        status, value, data = rpc.answer(getattr(cpu, name), values[:count])
        if status == rpc.DONE:
            return value
        if status == rpc.DATA:
            if name == "flash_read":
                buffer.store(data)
                return len(data)
            self._pending = data
            return -1 - len(data)
        if status == rpc.OS_ERROR:
            return ERROR - value
        return VALUE_ERROR if status == rpc.VALUE_ERROR else INTERRUPT

    # machine code

    def _run_machine_code(self, number, state, argument):
        values = [argument(i) for i in range(self.firmware.arity[number])]
        places = self._copy_in([one for one in values if isinstance(one, Buffer)])

        def address(buffer):
            start, _, to, _ = next(row for row in places if row[0] <= buffer.at <= row[1])
            return to + buffer.at - start

        given = [address(one) if isinstance(one, Buffer) else int(one) for one in values]
        before = self.machine.instructions
        result = self.machine.call(self.firmware.stubs.codes[number], given)
        self.native += self.machine.instructions - before
        self.native_calls += 1
        for start, _, to, old in places:
            new = bytes(self.machine.uc.mem_read(to, len(old)))
            if new != old:
                self.memory.write(start, new)
        return self.memory.none if result is None else small_int(result)

    def _copy_in(self, buffers):
        """Copies memory into the emulator's, once where buffers overlap: [(start, end, copied to,
        bytes)]."""
        areas = []
        for one in sorted(buffers, key=lambda one: one.at):
            if areas and one.at <= areas[-1][1]:
                areas[-1][1] = max(areas[-1][1], one.at + len(one))
            else:
                areas.append([one.at, one.at + len(one)])
        to = DATA
        found = []
        for start, end in areas:
            data = self.memory.read(start, end - start)
            self.machine.uc.mem_write(to, data)
            found.append((start, end, to, data))
            to += (len(data) + 79) & ~15
        return found

    # measuring

    def counters(self):
        found = {name: self._exports[name].value(self.store) for name in rewrite.COUNTERS}
        return Cost(
            found["cost"] - found["collections_cost"],
            self.native,
            self.native_calls,
            found["allocations"],
            found["allocated_bytes"],
            found["collections"],
            found["collections_cost"],
        )

    def collect(self):
        """Has the interpreter's collector run: it is waiting for us, so nothing is in the way."""
        self._exports["collect"](self.store)

    def heap(self):
        """The heap as it is."""
        if self._table is None:
            self._table = self._find_table()
        at, length, _ = self._table
        table = self.memory.read(at, length)
        blocks = b"".join(map(IN_BYTE.__getitem__, table))
        longest = max(map(len, blocks.split(b"#")))
        return Heap(
            len(blocks) * BLOCK_BYTES, blocks.count(b"#") * BLOCK_BYTES, longest * BLOCK_BYTES
        )

    def used(self):
        """Bytes of the heap that are taken, garbage included."""
        if self._table is None:
            self._table = self._find_table()
        at, length, _ = self._table
        return sum(self.memory.read(at, length).translate(TAKEN_IN_BYTE)) * BLOCK_BYTES

    def _widen_stack(self):
        """Lets the interpreter use its stack to the end: frames have become larger."""
        words = memoryview(self.memory.read(0, rewrite.STATIC_BYTES)).cast("I")
        places = [i for i, word in enumerate(words) if word == STACK_LIMIT_BYTES]
        if len(places) != 1:
            raise interpreter.Unknown("the limit of the interpreter's stack was not found")
        self.memory.write(4 * places[0], STACK_BYTES.to_bytes(4, "little"))

    def _find_table(self):
        """Address and length of the table of blocks, and the pool's address (py/mpstate.h,
        mp_state_mem_area_t): the table lies in front of the pool and has a byte for four blocks."""
        data = self.memory.read(0, rewrite.STATIC_BYTES)
        words = memoryview(data).cast("I")
        for i in range(len(words) - 5):
            start, length = words[i], words[i + 1]
            if length * 64 > self.board.heap_bytes or length * 64 < self.board.heap_bytes // 2:
                continue
            for pool in (i + 2, i + 3):
                size = words[pool + 1] - words[pool]
                if size == length * 64 and start + length <= words[pool] <= start + 2 * length:
                    return start, length, words[pool]
        raise interpreter.Unknown("the interpreter's heap was not found")

    def names(self):
        """The names (qstrs) that are not in the image: their texts."""
        self.heap()
        pool = self._newest_pool()
        found = []
        heap = self._table[0]
        while pool >= heap:  # the image's own lie below
            previous, _, _, count, _, lengths = self._pool(pool)
            for i in range(count):
                text = self.memory.word(pool + POOL_BYTES + 4 * i)
                length = self.memory.read(lengths + i, 1)[0]
                found.append(self.memory.read(text, length))
            pool = previous
        return found

    def _pool(self, at):
        return struct.unpack(f"<{POOL_BYTES // 4}I", self.memory.read(at, POOL_BYTES))

    def _newest_pool(self):
        """py/qstr.h, qstr_pool_t: previous, how many before it, room, how many, ..."""
        words = memoryview(self.memory.read(0, STATIC_BYTES)).cast("I")
        found = set()
        for at in words:
            if not STATIC_BYTES // 4 < at < STATIC_BYTES + (1 << 24) or at & 3:
                continue
            try:
                previous, before, room, count, _, _ = self._pool(at)
                if not 0 < count <= room < 1 << 14 or not previous or previous & 3:
                    continue
                older = self._pool(previous)
            except (ValueError, struct.error):
                continue
            if (older[1] & 0x7FFFFFFF) + older[3] == before & 0x7FFFFFFF and before & 0x7FFFFFFF:
                found.add((before & 0x7FFFFFFF, at))
        if not found:
            raise interpreter.Unknown("the interpreter's names were not found")
        return max(found)[1]

    def sample(self, hook):
        """Has `hook(bytes)` called before each allocation; None: no longer."""
        self.on_allocation = hook
        self._tell_allocations()

    def _tell_allocations(self):
        wanted = self._is_profiling or self.on_allocation is not None
        self._exports["sampling"].set_value(self.store, wasmtime.Val.i32(int(wanted)))

    def profile(self, on=True):
        """Starts or stops adding up costs by module in `by_module`."""
        if on:
            self._costs = {}
            self._stack = ["?"]
            self._states = []
            self._asked = []
            self._since = self.counters()
            self.machine.count()
        else:
            self._charge()
            self.by_module = self._costs
            self.machine.count(False)
        self._is_profiling = on
        self._tell_allocations()
        self._exports["profiling"].set_value(self.store, wasmtime.Val.i32(int(on)))

    def _charge(self):
        now = self.counters()
        top = self._stack[-1]
        self._add(top, now - self._since)
        self._since = now
        if self.on_allocated is not None:
            for one in self._asked:
                self.on_allocated(*one)
        self._asked = []

    def _add(self, module, cost):
        self._costs[module] = self._costs.get(module, Cost()) + cost

    def _where(self):
        """(address of its bytecode, of the instruction) of the function that runs."""
        if not self._states:
            return None, None
        state = self._states[-1]
        return self.memory.word(self.memory.word(state) + 12), self.memory.word(state + 4)

    def _enter(self, state):
        code = self.memory.word(self.memory.word(state) + 12)
        module = self.module_of(code)
        if code not in self._preludes:
            self._preludes[code] = frames.prelude(self.memory.read(code, 40))
        # What the call itself took was asked for before anybody could see whose it is.
        sizes = [one[0] for one in self._asked]
        count = self._preludes[code].takes(sizes)
        for i in range(len(sizes) - count, len(sizes)):
            self._add(self._stack[-1], Cost(allocations=-1, allocated_bytes=-sizes[i]))
            self._add(module, Cost(allocations=1, allocated_bytes=sizes[i]))
            self._asked[i] = (sizes[i], code, None)
        self._charge()
        self._stack.append(module)
        self._states.append(state)

    def _leave(self):
        self._charge()
        if len(self._stack) > 1:
            self._stack.pop()
            self._states.pop()

    def module_of(self, code):
        """Whose the function is that has its bytecode at an address: "?" if it is nobody's. Of the
        few whose bytecode is the same, any."""
        start = self.memory.read(code, 8)
        for data, name in self.firmware.functions.get(start, ()):
            if self.memory.read(code, len(data)) == data:
                return name
        return "?"


class Board32(VirtualBoard):
    """A virtual board whose CPU is the 32-bit MicroPython.

    deployed: a Firmware. pool: bytes for Python and machine code together. first_area: bytes after
    which the heap is interrupted, or None.
    """

    def __init__(self, folder, deployed, pool, first_area=None, **how):
        self.deployed = deployed
        self.pool = pool
        self.first_area = first_area
        self.files = Path(folder) / "files"
        shutil.copytree(deployed.files, self.files)
        self.chip = None
        self.on_loaded = None  # called with the chip before the firmware is loaded
        self.heap_bytes = pool - deployed.stubs.total() + standins_bytes(deployed)
        super().__init__(folder, firmware=deployed.files, runtime="micropython", wire=wire, **how)

    def program(self):
        return (
            "import sys\n"
            'sys.path[:] = ["/si"]\n'
            "import boot\n"
            "stderr = boot.prepare().stderr\n"
            "boot.settle()\n"
            'boot.start(stderr, "/fw")\n'
        )

    def at_moment(self, chip, what):
        """Called by the stand-ins; 0: loaded, the firmware not yet. 1: where the heap is to be
        interrupted, as an address; 0 for nowhere."""
        if what == 0:
            chip.baseline = chip.heap()
            chip.baseline_names = len(chip.names())
            if self.on_loaded is not None:
                self.on_loaded(chip)
        if what == 1 and self.first_area:
            return chip._table[2] + chip.baseline.used + self.first_area
        return 0

    def _execute(self):
        self.chip = Chip(self)
        said = self.chip.run()
        if not self.powered:
            raise PowerCut
        return said


def standins_bytes(deployed):
    """What the stand-ins and the interpreter itself take of the heap."""
    if deployed.standins_bytes is None:
        with tempfile.TemporaryDirectory() as folder:
            deployed.standins_bytes = 0
            board = Board32(folder, deployed, 1 << 20)
            board.power_on()
            board.run_for_ms(1)
            deployed.standins_bytes = board.chip.baseline.used
            board.close()
    return deployed.standins_bytes
