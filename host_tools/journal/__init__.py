"""The sealed journal on the host: parsing, opening, verifying, examining (docs/journal.md)."""
