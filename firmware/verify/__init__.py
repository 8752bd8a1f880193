"""What decides whether a pass is good: codecs, signatures, lists. No hardware in here.

A scan needs passes, reading, trust, revocation, and items and base45, which have machine code. What
makes objects of CBOR (cbor, cose, and all that reads signed objects) is for the host's sake.
"""
