"""Runs firmware tests under the real MicroPython, started in the project's root:

micropython tests/firmware/run_micropython.py tests/firmware/verify/test_cbor.py ...

Runs each test_ function of the files, prints those that fail, and ends with 1 if any did, or if
there was none.
"""

import gc
import sys

# MicroPython has its own `micropython` and `cryptolib`: nothing of CPython's stand-ins is needed.
sys.path[:] = ["firmware", "tests/firmware", ".frozen"]


def run_file(path):
    """(passed, failed) of a file's tests."""
    space = {"__name__": path.rsplit("/", 1)[-1][:-3], "__file__": path}
    with open(path) as file:
        exec(compile(file.read(), path, "exec"), space)
    passed = failed = 0
    for name in sorted(space):
        if not name.startswith("test_") or not callable(space[name]):
            continue
        gc.collect()
        try:
            space[name]()
        except Exception as error:
            failed += 1
            print("FAILED", path, name)
            sys.print_exception(error)
        else:
            passed += 1
    return passed, failed


def main(paths):
    passed = failed = 0
    for path in paths:
        counts = run_file(path)
        passed += counts[0]
        failed += counts[1]
    print(passed, "passed,", failed, "failed")
    return 1 if failed or not passed else 0


sys.exit(main(sys.argv[1:]))
