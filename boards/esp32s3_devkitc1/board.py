"""Espressif ESP32-S3-DevKitC-1: pins and sizes (wiring: README.md)."""

NAME = "esp32s3_devkitc1"
CHIP = "esp32s3"
MPY_ARCH = "xtensawin"  # what mpy-cross -march wants for this chip's native code
FLASH_BYTES = 8 * 1024 * 1024
LINK_IS_USB = False  # the host link is UART 0, not the chip's own USB

SCANNER = "gm65"  # or "line": any module that only sends what it reads
SCANNER_BAUD = 115200
SCANNER_UART = 1
SCANNER_TX = 17
SCANNER_RX = 18

I2C_BUS = 0
I2C_SDA = 8
I2C_SCL = 9
I2C_FREQ_HZ = 400_000
SCREEN_ADDRESS = 0x3C  # SSD1306
SCREEN_WIDTH = 128
SCREEN_HEIGHT = 64
CLOCK_ADDRESS = 0x68  # DS3231

BUZZER = 4  # passive, driven by PWM
LED_GREEN = 5  # lit when high
LED_RED = 6
BUTTON_OK = 7  # to ground, with pull-up
BUTTON_BACK = 15
BUTTON_TRIGGER = 16
NOISE_ADC = 1  # left open
