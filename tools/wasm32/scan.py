"""One scan, taken apart: what each module executes and allocates, until the good beep."""

from dataclasses import dataclass, field

from tools.wasm32 import costs
from tools.wasm32.chip import Cost

QUIET_MS = 3000  # before a scan, so that nothing else is going on
AFTER_MS = 100  # until the tone, or until what follows it is done


@dataclass
class Scan:
    """From a moment to the tone. by_module: {module: Cost}; calls: to chips; waiting_ms: while the
    CPU waits: for silence, the bus, the flash."""

    by_module: dict = field(default_factory=dict)
    calls: int = 0
    waiting_ms: float = 0

    def total(self):
        """The Cost of all modules that count."""
        return sum((c for m, c in self.by_module.items() if costs.counted(m)), Cost())

    def parts(self):
        """{part: (instructions, allocations, bytes)}"""
        found = {name: (0, 0, 0) for name, _ in costs.PARTS}
        for module, cost in self.by_module.items():
            if costs.counted(module):
                part = costs.part_of(module)
                before = found.get(part, (0, 0, 0))
                found[part] = (
                    before[0] + costs.instructions(cost),
                    before[1] + cost.allocations,
                    before[2] + cost.allocated_bytes,
                )
        found["chips"] = (self.calls * costs.CHIP_CALL, 0, 0)
        return found

    def collected(self):
        """Instructions of the collections."""
        return costs.collections(sum(self.by_module.values(), Cost()))

    def result(self):
        """As `benchmarks/scan.py --json` gives it."""
        all_costs = sum(self.by_module.values(), Cost())
        parts = self.parts()
        # The collector runs whoever asked for memory.
        instructions = sum(row[0] for row in parts.values()) + self.collected()
        return {
            "instructions": instructions,
            "allocated_bytes": sum(row[2] for row in parts.values()),
            "allocations": sum(row[1] for row in parts.values()),
            "collections": all_costs.collections,
            "ms_at_160mhz": round(instructions / (1000 * costs.MHZ) + self.waiting_ms, 1),
        }


def measure(hall, text, whole=False, sites=None):
    """A Scan of a code. whole: from its first byte on, and with what follows the tone (the screen,
    if it comes then); otherwise from its last byte on the wire to the tone. sites: a Sites."""
    board, chip = hall.board, hall.chip
    line = board.uarts[board.data.SCANNER_UART].line
    found = Scan()
    state = {"began_us": None, "calls": 0}
    cpu_pwm, operate, send = board.cpu.pwm, chip._operate, line.send

    def begin():
        state["began_us"] = board.clock.now_us()
        state["calls"] = 0
        if sites is not None:
            sites.begin(chip)
        chip.profile()

    def end():
        if state["began_us"] is not None and not found.by_module:
            chip.profile(False)
            chip.on_allocated = None
            found.by_module = chip.by_module
            found.calls = state["calls"]
            found.waiting_ms = (board.clock.now_us() - state["began_us"]) / 1000

    def sent(data, baud):
        before = board.clock.now_us()
        over_us = send(data, baud)
        if text in bytes(data) and state["began_us"] is None:  # a code, no reply
            board.clock.at(before if whole else over_us, begin)
        return over_us

    def pwm(pin, freq_hz, duty):
        if duty and not whole:
            end()
        return cpu_pwm(pin, freq_hz, duty)

    def operated(left, right, at):
        state["calls"] += 1
        return operate(left, right, at)

    board.run_for_ms(QUIET_MS)
    line.send, board.cpu.pwm, chip._operate = sent, pwm, operated
    try:
        if not hall.show(text):
            raise AssertionError("the device refused the code that was to be measured")
        board.run_until(lambda: found.by_module, AFTER_MS)
        if whole:
            hall.on_cpu(end)
    finally:
        line.send, board.cpu.pwm, chip._operate = send, cpu_pwm, operate
    if not found.by_module:
        raise AssertionError("no tone was heard")
    return found
