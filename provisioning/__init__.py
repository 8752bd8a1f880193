"""Keys, signed lists and passes, as whoever owns the devices and whoever issues makes them.

Knows neither devices nor commands. Cryptography comes from `cryptography`, CBOR from `cbor2`.
"""
