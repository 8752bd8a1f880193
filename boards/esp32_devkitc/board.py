"""Espressif ESP32-DevKitC (ESP32-WROOM-32): pins and sizes (wiring: README.md)."""

NAME = "esp32_devkitc"
CHIP = "esp32"
MPY_ARCH = "xtensawin"  # what mpy-cross -march wants for this chip's native code
FLASH_BYTES = 4 * 1024 * 1024
LINK_IS_USB = False  # the host link is UART 0, not the chip's own USB

SCANNER = "gm65"  # or "line": any module that only sends what it reads
SCANNER_BAUD = 115200
SCANNER_UART = 2
SCANNER_TX = 17
SCANNER_RX = 16

I2C_BUS = 0
I2C_SDA = 21
I2C_SCL = 22
I2C_FREQ_HZ = 400_000
SCREEN_ADDRESS = 0x3C  # SSD1306
SCREEN_WIDTH = 128
SCREEN_HEIGHT = 64
CLOCK_ADDRESS = 0x68  # DS3231

BUZZER = 25  # passive, driven by PWM
LED_GREEN = 26  # lit when high
LED_RED = 27
BUTTON_OK = 32  # to ground, with pull-up
BUTTON_BACK = 33
BUTTON_TRIGGER = 4
NOISE_ADC = 34  # left open
