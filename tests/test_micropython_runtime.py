"""Each file of firmware tests again, under the real MicroPython."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.runtimes import micropython_or_skip

ROOT = Path(__file__).parent.parent
FILES = sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "firmware").rglob("test_*.py")
)


# The torture, when all of it is run, takes hours.
TIMEOUT_S = 6 * 3600 if os.environ.get("SCANPOST_SOAK") == "1" else 300
# What keeps a whole flash chip, or copies of one; everything else is content with little.
LARGE_HEAPS = {
    "tests/firmware/journal/test_sealed_torture.py": "16M",
    "tests/firmware/journal/test_sealed_faults.py": "8M",
}


@pytest.mark.parametrize("path", FILES)
def test_under_micropython(path):
    command = [
        micropython_or_skip(),
        "-X",
        "heapsize=" + LARGE_HEAPS.get(path, "2M"),
        "tests/firmware/run_micropython.py",
        path,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_failing_test_is_reported(tmp_path):
    failing = tmp_path / "test_failing.py"
    failing.write_text("def test_it():\n    assert 1 == 2\n")
    command = [micropython_or_skip(), "tests/firmware/run_micropython.py", str(failing)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "0 passed, 1 failed" in done.stdout
