"""What the device keeps beside its journal: identity, what it was given, seed, tables."""
