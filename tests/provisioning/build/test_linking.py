"""Modules that are loaded together become one, and the program does what it did."""

import pytest

from provisioning.build import BuildProblem, build
from tests.provisioning.build.small import program, same_output

# Two modules and a function's own variables have the same names
ONE = """
import time
size = 1
def step(size): return size + 1
def grow():
    global size
    size += 10
    return size
class Box:
    size = 5
    def step(self): return step(self.size), size
def with_local():
    step = lambda step: step * 2
    return step(4), [size for size in range(2)], size
"""
TWO = """
import time as clock
import one
from one import step as other_step, Box
size = 2
def step(time): return other_step(time) * 100, one.size, size
class Larger(Box):
    size = 7
    def both(self): return self.step(), Box.step(self)
def ticks(): return clock.time() > 1e9
"""
MAIN = """
from two import Larger, step, ticks
import one
import two
def main():
    print(step(3), one.grow(), one.size, two.size, step(3))
    print(Larger().both(), one.with_local(), ticks())
"""
ROOMS = """
import sys
class Room:
    def __init__(self, *modules): self.modules = modules
    def close(self):
        for name in self.modules:
            sys.modules.pop(name, None)
            package, _, own = name.rpartition(".")
            if hasattr(sys.modules.get(package), own): delattr(sys.modules[package], own)
GUESTS = Room("guests.guest", "guests.other")
"""
GUEST = """
from guests import other
from one import step, size
import one
print("loaded", size, one.size)
def greet(): return other.name, step(1), one.size
class Guest: pass
"""
HOST = """
import one, rooms
def visit():
    from guests import guest
    from guests.guest import greet
    from guests.guest import Guest as Kind
    kind = Kind()
    return guest.greet() == greet(), greet(), isinstance(kind, guest.Guest)
def main():
    print(visit(), one.grow(), visit())
    rooms.GUESTS.close()
    print(visit())
"""
FAST = """
import micropython
def helper(): return 1
try:
    from nowhere import missing
except ImportError:
    missing = None
@micropython.viper
def fast(n: int) -> int: return n + 1
"""


def joined(**sources):
    """What comes out: {name: (its sources, text)}"""
    texts, names = build(program(**sources), "main", "program", "main")
    return {
        name: ([place for place, _ in names.files[f"{name}.mpy"]], text)
        for name, text in texts.items()
    }


def test_names_stay_apart(tmp_path):
    printed = same_output(tmp_path, main=MAIN, one=ONE, two=TWO)
    assert printed.startswith("(400, 1, 2) 11 11 2 (400, 11, 2)\n")


def test_all_that_stays_is_one_module():
    out = joined(main=MAIN, one=ONE, two=TWO)
    assert sorted(places for places, _ in out.values()) == [["main.py"], ["one.py", "two.py"]]
    (text,) = [text for places, text in out.values() if "one.py" in places]
    assert text.count("import time") == 2  # once by each name


def test_a_room_is_one_module_that_is_loaded_again(tmp_path):
    sources = {"main": HOST, "one": ONE, "rooms": ROOMS, "guests__guest": GUEST}
    sources |= {"guests__other": "name = 'guest'\n"}
    # The size at the moment of loading is asked for as it is then.
    sources["guests__guest"] = GUEST.replace("from one import step, size", "from one import step")
    sources["guests__guest"] = sources["guests__guest"].replace('"loaded", size,', '"loaded",')
    assert same_output(tmp_path, joins=[True], **sources).count("loaded") == 2
    places = [places for places, _ in joined(**sources).values()]
    assert ["guests/other.py", "guests/guest.py"] in places


def test_what_changes_is_not_imported_by_its_name():
    sources = {"main": HOST, "one": ONE, "rooms": ROOMS, "guests__guest": GUEST}
    sources["guests__other"] = "name = 'guest'\n"
    with pytest.raises(BuildProblem, match="size changes: import one and ask it"):
        joined(**sources)


def test_machine_code_comes_first_and_with_it_what_it_needs():
    main = "import first\nfrom slow import run\ndef main(): print(run())\n"
    slow = "from fast import fast, missing\nfrom below import base\n"
    slow += "def run(): return fast(base()), missing\n"
    sources = {"main": main, "slow": slow, "fast": "from below import base\n" + FAST}
    sources |= {"below": "def base(): return 1\n", "first": "import fast\n"}
    out = joined(**sources)
    (name,) = [name for name, (places, _) in out.items() if "fast.py" in places]
    assert out[name][0][:2] == ["below.py", "fast.py"]
    text = next(text for places, text in out.values() if places == ["main.py"])
    assert text.index(f"import {name} as") < text.index("from ")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("def f(): one.size = 3\nKEEP = [f]", "assigned to from outside"),
        ("def f(): return one\nKEEP = [f]", "used as an object"),
        ("def f(): return one.nothing\nKEEP = [f]", "one has no nothing"),
    ],
)
def test_what_is_not_understood_is_refused(more, reason):
    with pytest.raises(BuildProblem, match=reason):
        joined(main=MAIN + more + "\nprint(KEEP)\n", one=ONE, two=TWO)


def test_a_circle_of_imports_is_refused():
    sources = {"a": "import b\ndef f(): return b.g()\n", "b": "import a\ndef g(): return a.f()\n"}
    with pytest.raises(BuildProblem, match="circle of imports: a -> b -> a"):
        joined(main="import a\ndef main(): a.f()\n", **sources)


def test_a_room_of_what_is_not_there_is_refused():
    with pytest.raises(BuildProblem, match=r"rooms.py:\d+: a room names modules"):
        joined(main="import rooms\ndef main(): rooms.GUESTS.close()\n", rooms=ROOMS)
