"""Answers each line from the scanner: writes it on the screen, lights a lamp, beeps."""

import asyncio

import board
import framebuf
from machine import I2C, PWM, UART, Pin

i2c = I2C(board.I2C_BUS, scl=Pin(board.I2C_SCL), sda=Pin(board.I2C_SDA))
pixels = bytearray(1024)
screen = framebuf.FrameBuffer(pixels, 128, 64, framebuf.MONO_VLSB)
buzzer = PWM(Pin(board.BUZZER), duty_u16=0)
green = Pin(board.LED_GREEN, Pin.OUT, value=0)
ok = Pin(board.BUTTON_OK, Pin.IN, Pin.PULL_UP)


def write(text):
    screen.fill(0)
    screen.text(text, 0, 8)
    i2c.writeto(board.SCREEN_ADDRESS, pixels)


async def watch_button():
    while ok.value():
        await asyncio.sleep_ms(10)
    write("PRESSED")


async def main():
    write("HELLO")
    asyncio.create_task(watch_button())  # noqa: RUF006
    reader = asyncio.StreamReader(UART(board.SCANNER_UART, 9600))
    line = b""
    while True:
        line += await reader.read(64)
        if line.endswith(b"\r"):
            write(line.decode().strip())
            green.on()
            for hertz in (1000, 0, 2000):
                buzzer.init(freq=hertz or 1000, duty_u16=32768 if hertz else 0)
                await asyncio.sleep_ms(50)
            buzzer.duty_u16(0)
            green.off()
            line = b""


asyncio.run(main())
