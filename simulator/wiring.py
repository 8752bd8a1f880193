"""Plugs the usual parts into a virtual board, as the wiring page in boards/ says."""

from simulator.chips.ds3231 import Ds3231
from simulator.chips.gm65 import Gm65
from simulator.chips.ssd1306 import Ssd1306


def wire(board):
    """Scanner, screen and clock; lamps and buzzer are watched by the board's observer."""
    data = board.data
    board.chips["scanner"] = Gm65(board.clock)
    board.chips["screen"] = Ssd1306()
    board.chips["clock"] = Ds3231(board.clock)
    board.uarts[data.SCANNER_UART].attach(board.chips["scanner"])
    board.i2c[data.I2C_BUS].attach(data.SCREEN_ADDRESS, board.chips["screen"])
    board.i2c[data.I2C_BUS].attach(data.CLOCK_ADDRESS, board.chips["clock"])
