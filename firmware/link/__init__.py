"""The link to a host over the serial port: frames, requests, transfers (docs/link.md)."""
