"""The virtual board: a chip, its flash, its buses, what is plugged in, and the power switch.

    board = VirtualBoard(folder)            # state (flash contents, chip memories) lives there
    board.power_on()
    board.run_for_ms(500)                   # stepped: nothing moves unless told
    board.run_until(lambda: board.link.received.endswith(b"ready"), timeout_ms=2000)
    board.power_off(); board.power_on()
    board.close()

or `board.set_speed(1)` to let simulated time follow the wall clock.
"""

import hashlib
import json
import threading
import time
import traceback
from pathlib import Path

from simulator import partitions
from simulator.clock import Clock
from simulator.cpu import HOST_LINK, PWRON_RESET, Cpu, Reset
from simulator.i2c_bus import I2cBus
from simulator.link import HostEnd
from simulator.nor_flash import NorFlash, PowerCut
from simulator.observer import Observer
from simulator.pace import Pace
from simulator.pins import Pins
from simulator.uart import Uart

ROOT = Path(__file__).resolve().parents[1]
UARTS = (0, 1, 2)
I2C_BUSES = (0, 1)


class FirmwareStopped(Exception):
    """The firmware ended or failed: on a real device, the REPL."""


class BoardData:
    """The names of boards/<name>/board.py as attributes, and its partition table."""

    def __init__(self, name):
        self.folder = ROOT / "boards" / name
        values = {}
        source = (self.folder / "board.py").read_text(encoding="utf-8")
        exec(compile(source, str(self.folder / "board.py"), "exec"), values)
        for key, value in values.items():
            if key.isupper():
                setattr(self, key, value)
        self.partitions = partitions.read(self.folder / "partitions.csv", self.FLASH_BYTES)


class VirtualBoard:
    """folder: where its state is. board: a name in boards/. firmware: the folder to run, of .py
    or (MicroPython only) .mpy files. main: the file in it. runtime: "cpython" or
    "micropython". seed: of everything random (kept in the folder). wire: function that attaches
    chips to the board. heap: of MicroPython, as its option -X heapsize (None: enough for sources).
    """

    def __init__(
        self,
        folder,
        board="simulator",
        firmware=None,
        main="main.py",
        runtime="cpython",
        seed=0,
        wire=None,
        heap=None,
    ):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = BoardData(board)
        self.firmware = Path(firmware or ROOT / "firmware").resolve()
        self.main = main
        self.runtime = runtime
        self.heap = heap
        self.state = self._load_state(seed)
        seed = self.state["seed"]
        self.clock = Clock()
        self.pace = Pace(self.clock)
        self.flash = NorFlash(
            self.folder / "flash.bin",
            self.data.FLASH_BYTES,
            seed=seed,
            busy=lambda us: self.cpu.flash_busy(us),
            lost=self._lose_power,
        )
        self.uarts = {
            number: Uart(
                self.clock,
                f"UART{number}",
                waits=number == HOST_LINK and self.data.LINK_IS_USB,
            )
            for number in UARTS
        }
        self.i2c = {number: I2cBus(self.clock) for number in I2C_BUSES}
        self.pins = Pins(self.clock)
        self.link = HostEnd()
        self.uarts[HOST_LINK].attach(self.link)
        mac = bytes([0x24, 0x0A, 0xC4]) + hashlib.sha256(f"mac {seed}".encode()).digest()[:3]
        table = "".join(
            ",".join(str(field) for field in part) + "\n" for part in self.data.partitions
        )
        self.cpu = Cpu(
            self.pace, self.flash, self.uarts, self.i2c, self.pins, mac, seed, table.encode()
        )
        self.uarts[HOST_LINK].on_arrival = self.cpu.host_link_arrival
        self.observer = Observer(self)
        self.chips = {}  # by name; each may have power(on), save() and load(state)
        self.stopped = None  # why the firmware ended by itself, or None
        self._thread = None
        self._planned_cut = None
        self.kill_cpu = None  # set by a runtime whose CPU is a process
        if wire is not None:
            wire(self)
        for name, chip in self.chips.items():
            if name in self.state["chips"] and hasattr(chip, "load"):
                chip.load(self.state["chips"][name])

    # power

    @property
    def powered(self):
        """Whether the board has power."""
        return self.pace.powered

    def power_on(self):
        """Plug it in: the chips start, and the CPU with them (stepped: once time passes)."""
        if self.powered:
            return
        self._join()
        for chip in self.chips.values():
            if hasattr(chip, "power"):
                chip.power(True)
        self.stopped = None
        self.pace.set_powered(True)
        self._start_cpu(PWRON_RESET)

    def power_off(self):
        """Pull the plug, wherever the CPU is."""
        with self.pace.turn:
            if self.powered:
                self._lose_power()
        self._join()

    def cut_power_at_us(self, at_us):
        """Let power fail at this simulated time, inside a flash operation if one is going on."""
        self._planned_cut = self.clock.at(at_us, self._lose_power)

    def press_reset(self):
        """The reset button: EN to ground."""
        self.power_off()
        self.power_on()

    def _lose_power(self):
        if not self.powered:
            return
        if self._planned_cut is not None:
            self._planned_cut.cancel()
            self._planned_cut = None
        self.cpu.power_lost()
        self.pins.power_lost()
        for chip in self.chips.values():
            if hasattr(chip, "power"):
                chip.power(False)
        self.pace.set_powered(False)
        if self.kill_cpu is not None:
            self.kill_cpu()
        self._save_state()

    # the CPU's thread

    def _start_cpu(self, cause):
        self.pace.cpu_running = True
        self._thread = threading.Thread(
            target=self._run_cpu, args=(cause,), name="cpu", daemon=True
        )
        self._thread.start()

    def _run_cpu(self, cause):
        try:
            while True:
                with self.pace.turn:
                    self.state["boots"] += 1
                    self.cpu.start(cause, self.state["boots"])
                try:
                    self.stopped = self._execute() or "the firmware ended"
                except Reset as reset:
                    cause = reset.cause
                    continue
                except PowerCut:
                    pass
                except (Exception, KeyboardInterrupt):
                    self.stopped = traceback.format_exc()
                return
        finally:
            self.pace.cpu_over()

    def _execute(self):
        if self.runtime == "cpython":
            from simulator.runtime_cpython import execute
        else:
            from simulator.runtime_micropython import execute
        return execute(self)

    def _join(self):
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
            self._thread = None

    # letting time pass (stepped)

    def now_ms(self):
        """Simulated milliseconds since the board was made."""
        return self.clock.now_us() // 1000

    def run_for_ms(self, ms):
        """Let `ms` milliseconds pass. Raises FirmwareStopped if the firmware ended."""
        self.run_to_us(self.clock.now_us() + int(ms * 1000))

    def run_to_us(self, to_us, condition=None):
        """Let time pass up to `to_us`, or until `condition()`; returns whether that came true.

        Raises FirmwareStopped if the firmware ended.
        """
        met = self.pace.run_to(to_us, condition)
        if self.stopped is not None and self.powered:
            raise FirmwareStopped(self.stopped)
        return met

    def run_until(self, condition, timeout_ms=10_000):
        """Let time pass until `condition()`; True, or False after `timeout_ms`.

        The condition is asked in the CPU's thread, at each moment at which something happens; it
        only looks. Raises FirmwareStopped if the firmware ended.
        """
        return self.run_to_us(self.clock.now_us() + timeout_ms * 1000, condition)

    def wait_until(self, condition, timeout_ms=10_000):
        """As `run_until`; on a paced board the caller waits while time passes by itself."""
        if not self.pace.paced:
            return self.run_until(condition, timeout_ms)
        end_us = self.clock.now_us() + timeout_ms * 1000
        while not condition():
            if self.clock.now_us() >= end_us or not self.powered or self.stopped:
                return False
            time.sleep(0.005)
        return True

    def wait_for_ms(self, ms):
        """As `run_for_ms`, on a paced board too."""
        end_us = self.clock.now_us() + int(ms * 1000)
        self.wait_until(lambda: self.clock.now_us() >= end_us, ms)

    def skip_date(self, seconds):
        """The clocks that tell the time of day go on by so much at once; nothing else does."""
        with self.pace.turn:
            self.cpu.rtc_skip(seconds * 1_000_000)
            for chip in self.chips.values():
                if hasattr(chip, "catch_up"):
                    chip.catch_up({"computer_s": int(time.time()) - seconds})

    def set_speed(self, speed):
        """Pace: `speed` simulated seconds a second of the wall clock; None: stepped."""
        self.pace.set_speed(speed)

    # the folder

    def _state_path(self):
        return self.folder / "board.json"

    def _load_state(self, seed):
        try:
            state = json.loads(self._state_path().read_text(encoding="utf-8"))
        except FileNotFoundError:
            state = {"seed": seed, "boots": 0, "chips": {}}
        return state

    def _save_state(self):
        for name, chip in self.chips.items():
            if hasattr(chip, "save"):
                self.state["chips"][name] = chip.save()
        part = self._state_path().with_suffix(".new")
        part.write_text(json.dumps(self.state), encoding="utf-8")
        part.replace(self._state_path())

    def partition(self, label):
        """The partition called `label` (for tests that look into the flash)."""
        for part in self.data.partitions:
            if part.label == label:
                return part
        raise KeyError(label)

    def close(self):
        """Power off, and let go of the files."""
        self.power_off()
        self._save_state()
        self.flash.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
