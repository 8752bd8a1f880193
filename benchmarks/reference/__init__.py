"""What the firmware's Curve25519 is compared with. Nothing in here is part of the product."""
