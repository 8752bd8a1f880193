"""Switches the scanner on, blindly, and answers each line: screen, lamp, beeps."""

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


SCREEN_ON = b"\x00\x20\x00\x8d\x14\xa1\xc8\xaf"  # horizontal addressing, charge pump, upright
WHEN_ASKED = b"\x7e\x00\x08\x01\x00\x00\xd1\xab\xcd"
TAIL_ON = b"\x7e\x00\x08\x01\x00\x60\x01\xab\xcd"
NO_LIMIT = b"\x7e\x00\x08\x01\x00\x06\x00\xab\xcd"
ASK = b"\x7e\x00\x08\x01\x00\x02\x01\xab\xcd"
SAME_CODE_3_S = b"\x7e\x00\x08\x01\x00\x13\x9e\xab\xcd"


def write(text):
    screen.fill(0)
    screen.text(text, 0, 8)
    i2c.writeto(board.SCREEN_ADDRESS, b"\x00\x21\x00\x7f\x22\x00\x07")
    i2c.writeto(board.SCREEN_ADDRESS, b"\x40" + pixels)


async def watch_button():
    while ok.value():
        await asyncio.sleep_ms(10)
    write("PRESSED")


async def ask(uart):
    uart.write(ASK)
    await asyncio.sleep_ms(45)
    uart.read()  # the reply, and those before


async def main():
    i2c.writeto(board.SCREEN_ADDRESS, SCREEN_ON)
    write("STARTING")
    uart = UART(board.SCANNER_UART, 9600)
    await asyncio.sleep_ms(1500)
    for command in (WHEN_ASKED, TAIL_ON, NO_LIMIT, SAME_CODE_3_S):
        uart.write(command)
        await asyncio.sleep_ms(100)
    write("HELLO")
    await ask(uart)
    asyncio.create_task(watch_button())  # noqa: RUF006
    reader = asyncio.StreamReader(uart)
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
            await ask(uart)


asyncio.run(main())
