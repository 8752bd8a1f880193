"""`hashlib` as on the ESP32: three algorithms, final after digest(), no copy()."""

import _hashlib_of_host as _host


class _Hash:
    _algorithm = None

    def __init__(self, data=b""):
        self._hash = getattr(_host, self._algorithm)(data)

    def update(self, data):
        if self._hash is None:
            raise ValueError("hash is final")
        self._hash.update(data)

    def digest(self):
        if self._hash is None:
            raise ValueError("hash is final")
        out = self._hash.digest()
        self._hash = None
        return out


class sha256(_Hash):
    _algorithm = "sha256"


class sha1(_Hash):
    _algorithm = "sha1"


class md5(_Hash):
    _algorithm = "md5"
