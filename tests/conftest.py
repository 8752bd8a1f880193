"""What all tests have: MicroPython's ticks, which the firmware asks for under CPython too.

Here, so that no test gets them only because another one ran before it in the same process.
"""

import device_time  # noqa: F401 - gives CPython the ticks of MicroPython
