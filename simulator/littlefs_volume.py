"""The board's file system in the CPython runtime: the real littlefs, on the simulated flash.

Set up as MicroPython's VfsLfs2 does (extmod/vfs_lfs.c: reads and programs of 32 bytes, cache of
128, lookahead of 32, 100 block cycles), so that either runtime mounts what the other wrote.
Files are MicroPython's: unbuffered beyond littlefs's own cache, committed by flush() and close().
"""

import errno
import io

from littlefs import LittleFS, LittleFSError, UserContext, lfs

BLOCK_BYTES = 4096
LFS_ERR_IO = -5
MODES = {"r": "r", "w": "w", "a": "a", "r+": "r+", "w+": "w+", "a+": "a+", "x": "x"}


class FlashContext(UserContext):
    """littlefs's block device. What the CPU raises (PowerCut, Reset) is kept for the caller of
    littlefs: C code in between cannot carry it."""

    def __init__(self, cpu, offset):
        self._cpu = cpu
        self._offset = offset
        self.raised = None

    def _do(self, action, *args):
        if self.raised is not None:
            return None
        try:
            return action(*args)
        except BaseException as failure:
            self.raised = failure
            return None

    def _address(self, block, offset):
        return self._offset + block * BLOCK_BYTES + offset

    def read(self, cfg, block, off, size):
        data = self._do(self._cpu.flash_read, self._address(block, off), size)
        return bytearray(size) if data is None else bytearray(data)

    def prog(self, cfg, block, off, data):
        self._do(self._cpu.flash_program, self._address(block, off), bytes(data))
        return LFS_ERR_IO if self.raised else 0

    def erase(self, cfg, block):
        self._do(self._cpu.flash_erase, self._address(block, 0))
        return LFS_ERR_IO if self.raised else 0

    def sync(self, cfg):
        return LFS_ERR_IO if self.raised else 0


class Volume:
    """A mounted littlefs; formats it when it cannot be mounted, as the stock image does."""

    def __init__(self, cpu, offset, size):
        self._context = FlashContext(cpu, offset)
        self._littlefs = LittleFS(
            self._context,
            mount=False,
            block_size=BLOCK_BYTES,
            block_count=size // BLOCK_BYTES,
            read_size=32,
            prog_size=32,
            cache_size=128,
            lookahead_size=32,
            block_cycles=100,
        )
        try:
            self.call(self._littlefs.mount)
        except OSError:
            self.call(self._littlefs.format)
            self.call(self._littlefs.mount)
        self.fs = self._littlefs.fs
        self._mounts = {}

    def call(self, action, *args):
        """A littlefs function. Raises OSError with littlefs's code, or what the CPU raised."""
        result = failed = None
        if self._context.raised is None:
            try:
                result = action(*args)
            except LittleFSError as error:
                failed = OSError(-error.code, str(error))
            except FileExistsError:
                failed = OSError(errno.EEXIST, "file exists")
        if self._context.raised is not None:
            raise self._context.raised
        if failed is not None:
            raise failed
        return result

    def mount(self, place, folder):
        """Has the files of a folder of the computer read below `place`."""
        self._mounts[place] = folder

    def open(self, name, mode="r"):
        """The builtin `open` of the device."""
        kind = mode.replace("b", "").replace("t", "")
        if kind not in MODES:
            raise ValueError(f"mode {mode}")
        for place, folder in self._mounts.items():
            if name.startswith(f"{place}/"):
                if kind != "r":
                    raise OSError(errno.EROFS, "read-only")
                data = (folder / name[len(place) + 1 :]).read_bytes()
                return io.BytesIO(data) if "b" in mode else io.StringIO(data.decode())
        raw = File(self, name, MODES[kind])
        return raw if "b" in mode else TextFile(raw)

    def listdir(self, path="."):
        return [row[0] for row in self.ilistdir(path)]

    def ilistdir(self, path="."):
        """(name, type, inode, size) of each entry, without . and .."""
        entries = self.call(lambda: list(self._littlefs.scandir(_path(path))))
        return [(row.name, 0x4000 if row.type == 2 else 0x8000, 0, row.size) for row in entries]

    def stat(self, path):
        """The ten fields of os.stat: type and size are real."""
        row = self.call(self._littlefs.stat, _path(path))
        return (0x4000 if row.type == 2 else 0x8000, 0, 0, 0, 0, 0, row.size, 0, 0, 0)

    def statvfs(self):
        """The ten fields of os.statvfs."""
        total = self._littlefs.block_count
        free = total - self.call(lambda: self._littlefs.used_block_count)
        return (BLOCK_BYTES, BLOCK_BYTES, total, free, free, 0, 0, 0, 0, 255)

    def mkdir(self, path):
        self.call(lfs.mkdir, self.fs, _path(path))

    def remove(self, path):
        self.call(lfs.remove, self.fs, _path(path))

    def rename(self, old, new):
        self.call(lfs.rename, self.fs, _path(old), _path(new))


def _path(path):
    return "/" if path in (".", "") else path


class File:
    """A binary file."""

    def __init__(self, volume, name, mode):
        self._volume = volume
        self._handle = volume.call(lfs.file_open, volume.fs, _path(name), mode)

    def _call(self, action, *args):
        if self._handle is None:
            raise ValueError("I/O on a closed file")
        return self._volume.call(action, self._volume.fs, self._handle, *args)

    def read(self, count=-1):
        if count is None or count < 0:
            count = self._call(lfs.file_size) - self._call(lfs.file_tell)
        return bytes(self._call(lfs.file_read, count)) if count > 0 else b""

    def readinto(self, buf, count=None):
        view = memoryview(buf)[:count]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def readline(self):
        line = b""
        while True:
            one = self.read(1)
            line += one
            if one in (b"", b"\n"):
                return line

    def __iter__(self):
        return iter(self.readline, b"")

    def write(self, data):
        return self._call(lfs.file_write, bytes(data))

    def seek(self, offset, whence=0):
        return self._call(lfs.file_seek, offset, whence)

    def tell(self):
        return self._call(lfs.file_tell)

    def flush(self):
        self._call(lfs.file_sync)

    def close(self):
        if self._handle is not None:
            try:
                self._call(lfs.file_close)
            finally:
                self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


class TextFile:
    """A text file: UTF-8, no newline translation."""

    def __init__(self, raw):
        self._raw = raw
        self.flush = raw.flush
        self.close = raw.close
        self.seek = raw.seek
        self.tell = raw.tell

    def read(self):
        return self._raw.read().decode()

    def readline(self):
        return self._raw.readline().decode()

    def __iter__(self):
        return iter(self.readline, "")

    def write(self, text):
        self._raw.write(text.encode())
        return len(text)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
