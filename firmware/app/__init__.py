"""What the device does with what is shown to it: the scan, the rules, the refusals."""
