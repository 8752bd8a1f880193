"""What decides whether a pass is good: codecs, signatures, lists. No hardware in here."""
