"""Where the time of `scanpost issue --csv` goes, and how much of it the way of drawing saves.

    .venv/bin/python benchmarks/issuing.py [passes]

Prints milliseconds a pass for each step, and the ratio to a pure Python encoder (segno) that tries
its eight masks and writes its own PNG: that took most of the time once.
"""

import io
import sys
import tempfile
import time
from pathlib import Path

import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning import files, issuing, lettering, local_time, qr
from provisioning.lettering import Lettering


def main(passes):
    key = Ed25519PrivateKey.generate()
    local = local_time.zone()
    now = int(time.time())
    validity = issuing.Validity(now, now + 30 * 86400)
    drawn = Lettering(lettering.found_here())
    names = [f"张三{chr(0x4E00 + number)}" for number in range(passes)]
    people = [issuing.Person(bytes(16), name) for name in names]

    spent = {}
    issued = _timed(spent, "sign", lambda one: issuing.issue(key, one, validity, local), people)
    texts = [each.text for each in issued]
    _timed(spent, "code", qr.modules, texts)
    lines = _timed(spent, "lines", lambda one: qr.caption(one.claims, local, drawn), issued)
    drawings = _timed(
        spent, "PNG", lambda one: qr.png(*one, drawn), list(zip(texts, lines, strict=True))
    )
    spent["PNG"] -= spent["code"]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.png") for number in range(passes)]
        _timed(
            spent, "file", lambda one: files.replace(*one), list(zip(paths, drawings, strict=True))
        )
    once = {}
    _timed(once, "segno", _with_segno, texts)

    for step, seconds in spent.items():
        print(f"{step:8} {1000 * seconds / passes:6.2f} ms a pass")
    whole = sum(spent.values())
    before = whole - spent["code"] + once["segno"]
    print(f"{'all':8} {1000 * whole / passes:6.2f} ms a pass")
    print(f"with segno's code and PNG: {before / whole:.0f} times as long")


def _timed(spent, step, work, many):
    began = time.perf_counter()
    made = [work(each) for each in many]
    spent[step] = time.perf_counter() - began
    return made


def _with_segno(text):
    code = segno.make(text, error="m", micro=False, boost_error=False)
    code.save(io.BytesIO(), kind="png", scale=qr.MODULE_PIXELS, border=qr.BORDER_MODULES)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
