"""Generators and measurements that run on a PC; nothing in here is part of the product."""
