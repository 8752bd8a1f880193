"""Fetches micropython-lib's SHA-512 to compare with: pip cannot install what PyPI has of it.

Only this one file, of one version, checked by its hash; nothing of it is run by CPython.
"""

import hashlib
import io
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

URL = (
    "https://files.pythonhosted.org/packages/4c/32/"
    "1a8299b42f1c2981f6d7f6ba4ced7276cbfc3aa0b8279639132c54515534/"
    "micropython-hashlib-2.4.0.post5.tar.gz"
)
SHA256 = "9139da0065478dcf9d6d8793cbd2a5a616375962e93231cf3d52e07cb6801c22"
MEMBER = "micropython-hashlib-2.4.0.post5/hashlib/_sha512.py"
TIMEOUT_S = 20
MAX_BYTES = 1 << 20


class NotFetched(Exception):
    """There is no network, or what came is not what was expected."""


def fetch_sha512(folder):
    """Puts `_sha512.py` into a folder. Raises NotFetched."""
    try:
        with urllib.request.urlopen(URL, timeout=TIMEOUT_S) as answer:
            data = answer.read(MAX_BYTES)
    except (urllib.error.URLError, TimeoutError) as error:
        raise NotFetched(f"{URL} cannot be fetched: {error}") from error
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise NotFetched(f"{URL} is not what it was")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        source = archive.extractfile(MEMBER).read()
    (Path(folder) / "_sha512.py").write_bytes(source)
