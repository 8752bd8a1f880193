"""A simulated device that runs on its own, and the way other programs handle it.

The folder of a running device holds `port` (a link to its pty: the serial port) and
`running.json` (process id, control socket). On the control socket a request is one line of JSON,
{"do": name, ...}, and so is its answer, {"ok": true, ...} or {"ok": false, "error": text}.
"""

import contextlib
import json
import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

from simulator import hands
from simulator.board import VirtualBoard
from simulator.pty_link import PtyLink, SocketLink
from simulator.time_modes import Live, OnDemand

RUNNING = "running.json"
PORT = "port"
LINE_MAX_BYTES = 1 << 20


class NotRunning(Exception):
    """No device runs in that folder."""


class Refused(Exception):
    """The running device could not do what was asked."""


def running(folder):
    """What running.json says. Raises NotRunning."""
    try:
        return json.loads((Path(folder) / RUNNING).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotRunning(f"no simulated device runs in {folder}") from None


def ask(folder, do, timeout_s=600, **what):
    """One request to the device that runs in `folder`. Raises NotRunning, Refused."""
    where = running(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(where["control"])
        except OSError:
            raise NotRunning(
                f"the simulated device of {folder} is gone (process {where['pid']} ended)"
            ) from None
        connection.sendall(json.dumps({"do": do, **what}).encode() + b"\n")
        with connection.makefile("rb") as file:
            answer = json.loads(file.readline(LINE_MAX_BYTES) or b'{"ok": false, "error": "gone"}')
    if not answer["ok"]:
        raise Refused(answer["error"])
    return answer


class Device:
    """A board, its serial port and its control socket, until `stop` is asked for.

    speed: simulated seconds a second, or None for on demand (time_modes.py). computer_s: says this
    computer's time of day. The rest: as VirtualBoard.
    """

    def __init__(self, folder, speed=None, listen=None, wire=None, computer_s=time.time, **board):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        if wire is None:
            from simulator.wiring import wire
        self.board = VirtualBoard(folder, wire=wire, **board)
        clock_chip = self.board.chips.get("clock")
        if clock_chip is not None and "clock" in self.board.state["chips"]:
            clock_chip.catch_up(self.board.state["chips"]["clock"])
        self._time = OnDemand(self.board, computer_s) if speed is None else Live(self.board, speed)
        self._speed = speed
        # a port in the folder, or a TCP port where ptys are of no use
        if listen is None:
            self.link = PtyLink(self.board, self._time.host_sent, self.folder / PORT)
            port = str(self.folder / PORT)
        else:
            self.link = SocketLink(self.board, self._time.host_sent, listen)
            port = f"socket://127.0.0.1:{self.link.port}"
        # paths of Unix sockets are short, the folder's need not be
        self._socket_folder = tempfile.mkdtemp(prefix="scanpost-sim-")
        control = os.path.join(self._socket_folder, "control")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(control)
        self._listener.listen()
        self._stopping = threading.Event()
        part = self.folder / (RUNNING + ".new")
        part.write_text(
            json.dumps({"pid": os.getpid(), "control": control, "port": port}), encoding="utf-8"
        )
        part.replace(self.folder / RUNNING)

    def run(self):
        """Power on, and serve until stopped."""
        self.board.power_on()
        threading.Thread(target=self._serve, name="control", daemon=True).start()
        self._stopping.wait()

    def stop(self):
        """Let `run` return."""
        self._stopping.set()

    def close(self):
        """Power off, and take everything away but the device's state."""
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            (self.folder / RUNNING).unlink()
        shutil.rmtree(self._socket_folder)
        self.board.power_off()
        self.link.close()
        self.board.close()

    def _serve(self):
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            with connection, contextlib.suppress(BrokenPipeError), connection.makefile("rwb") as f:
                f.write(json.dumps(self._answer(f.readline(LINE_MAX_BYTES))).encode() + b"\n")

    def _answer(self, line):
        try:
            request = json.loads(line)
            action = getattr(self, "do_" + request.pop("do"))
            with self._time.asked():  # what is told is of one moment
                return {"ok": True, **action(**request)}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    # the requests

    def do_status(self):
        """Power, time, screen and lamps."""
        board = self.board
        return {
            "powered": board.powered,
            "now_ms": board.now_ms(),
            "speed": self._speed,
            "runtime": board.runtime,
            "board": board.data.NAME,
            "lines": hands.screen_lines(board),
            "lights": {"green": board.observer.green.lit, "red": board.observer.red.lit},
            "stopped": board.stopped,
            "flash": {
                "programs": board.flash.program_count,
                "erases": board.flash.erase_count,
                "operations": board.flash.operations,
            },
            "lost_bytes": {uart.name: uart.lost_bytes for uart in board.uarts.values()},
        }

    def do_screen(self):
        """The screen's pixels: pages of eight rows, the lowest bit on top."""
        with self.board.pace.turn:
            frame = bytes(self.board.chips["screen"].frame())
        data = self.board.data
        return {"frame": frame.hex(), "width": data.SCREEN_WIDTH, "height": data.SCREEN_HEIGHT}

    def do_ready(self, timeout_ms=hands.READY_TIMEOUT_MS):
        """Wait until a code that is held in front of the scanner is read; whether it would be."""
        is_ready = False
        with self._time.asked():
            is_ready = hands.wait_until_ready(self.board, timeout_ms)
        return {"ready": is_ready, "lines": hands.screen_lines(self.board)}

    def do_wait(self, ms):
        """Let time pass."""
        with self._time.asked():
            self.board.wait_for_ms(ms)
        return {"now_ms": self.board.now_ms()}

    def do_show(self, data, kind=None, timeout_ms=hands.ANSWER_TIMEOUT_MS, pause_ms=None):
        """Hold a code in front of the scanner once it reads; `data` is its text's bytes in hex.

        pause_ms: how much time passes first, as people take to step up.
        """
        if not self.board.powered:
            return {"powered": False, "reacted": False, **self.do_screen()}
        answer = hands.NO_ANSWER
        with self._time.asked():
            self.board.wait_for_ms(self._time.default_pause_ms if pause_ms is None else pause_ms)
            hands.wait_until_ready(self.board)
            answer = hands.show(self.board, bytes.fromhex(data), kind, timeout_ms)
        answer = answer._replace(lines=hands.screen_lines(self.board))
        return {"powered": self.board.powered, **answer._asdict(), **self.do_screen()}

    def do_press(self, button, hold_ms=100):
        """Press a button."""
        with self._time.asked():
            hands.press(self.board, button, hold_ms)
        return {"lines": hands.screen_lines(self.board)}

    def do_power(self, on=None, cut_in=None):
        """Switch the power, or let it fail in the flash operation `cut_in` from now (0: next)."""
        with self._time.asked():
            if cut_in is not None:
                with self.board.pace.turn:
                    self.board.flash.cut_at(self.board.flash.operations + cut_in)
            elif on:
                self.board.power_on()
            else:
                self.board.power_off()
        return {"powered": self.board.powered}

    def do_stop(self):
        """End the process; flash and chip memories stay in the folder."""
        threading.Timer(0.05, self.stop).start()
        return {}
