"""What holds the device up: hardware, start, clock, faults, memory."""
