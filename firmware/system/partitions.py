"""What a raw partition is on this chip: its sectors, and the numbers of `Partition.ioctl`."""

from micropython import const

SECTOR_BYTES = const(4096)

# extmod/vfs.h, MP_BLOCKDEV_IOCTL_*
BLOCK_COUNT = const(4)
BLOCK_SIZE = const(5)
ERASE_BLOCK = const(6)
