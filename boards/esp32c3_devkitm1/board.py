"""Espressif ESP32-C3-DevKitM-1: pins and sizes (wiring: README.md)."""

NAME = "esp32c3_devkitm1"
CHIP = "esp32c3"
MPY_ARCH = "rv32imc"  # what mpy-cross -march wants for this chip's native code
FLASH_BYTES = 4 * 1024 * 1024
LINK_IS_USB = False  # the host link is UART 0, not the chip's own USB

SCANNER = "gm65"  # or "line": any module that only sends what it reads
SCANNER_BAUD = 115200
SCANNER_UART = 1
SCANNER_TX = 7
SCANNER_RX = 6

I2C_BUS = 0
I2C_SDA = 4
I2C_SCL = 5
I2C_FREQ_HZ = 400_000
SCREEN_ADDRESS = 0x3C  # SSD1306
SCREEN_WIDTH = 128
SCREEN_HEIGHT = 64
CLOCK_ADDRESS = 0x68  # DS3231

BUZZER = 10  # passive, driven by PWM
LED_GREEN = 3  # lit when high
LED_RED = 1
BUTTON_OK = 0  # to ground, with pull-up
BUTTON_BACK = 18
BUTTON_TRIGGER = 19
NOISE_ADC = 2  # left open
