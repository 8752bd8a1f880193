"""What a call of bytecode takes of the heap, told from what mpy-cross makes of it."""

from tools.rv32 import mpy
from tools.wasm32 import frames

SOURCE = """
def small(a, b):
    return a + b

def many(a, b, c, d, e, f, g, h, i):
    return print(a, b, c)

def trying(a, b, c):
    try:
        return print(a, b, c)
    except ValueError:
        return a

def generator(a, b, c, d, e, f, g, h, i):
    yield print(a, b, c)

def rest(*values):
    return values
"""


def preludes(tmp_path):
    source = tmp_path / "source.py"
    source.write_text(SOURCE, encoding="ascii")
    module = mpy.read(mpy.cross_compile(source), "source")
    found = [frames.prelude(code.data) for code in module.code.children]
    return {module.names[one.name]: one for one in found}


def test_frames(tmp_path):
    found = preludes(tmp_path)
    assert found["small"].frame_bytes == 0
    # nine locals, and print with three arguments
    assert (found["many"].words, found["many"].frame_bytes) == (13, 20 + 52)
    # three locals, print with its arguments, what a `try` needs besides its three words
    assert (found["trying"].words, found["trying"].tries) == (9, 1)
    assert found["trying"].frame_bytes == 20 + 36 + 12
    assert found["generator"].frame_bytes == 0


def test_only_what_the_call_asked_for_is_its_own(tmp_path):
    found = preludes(tmp_path)
    assert found["many"].takes([16, 72]) == 1
    assert found["many"].takes([72, 16]) == 0
    assert found["small"].takes([72]) == 0
    assert found["rest"].takes([16, 12]) == 1
    assert found["rest"].takes([]) == 0
