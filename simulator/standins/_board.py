"""Where the stand-ins find the CPU's surface (simulator/cpu.py, or its proxy in MicroPython)."""

cpu = None  # set by the runtime before anything else is imported
