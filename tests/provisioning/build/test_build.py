"""What the build does to a program, and what it must not do."""

import ast
import builtins
import keyword

import pytest

from provisioning import deploy
from provisioning.build import BuildProblem, stock
from provisioning.build.program import Program, imports
from tests.provisioning.build.small import built, program, same_output

LAYOUT = """
from micropython import const
SLOT_BYTES = const(64)
SLOTS = SLOT_BYTES * 2 + 1
MAGIC = b"a text of more than sixteen bytes"
_HIDDEN = -3
PAIRS = ((1, "a"), (2, "b"))
TOTAL = const(SLOTS - _HIDDEN)
"""


def test_constants_are_written_into_the_code(tmp_path):
    main = """
from journal import layout
from journal.layout import TOTAL as SUM, SLOTS
def main():
    print(layout.SLOT_BYTES, layout.PAIRS[1][1], SUM - SLOTS, 2 ** layout._HIDDEN, layout.MAGIC)
"""
    sources = {"main": main, "journal__layout": LAYOUT}
    assert same_output(tmp_path, **sources)
    texts, _ = built(**sources)
    assert set(texts) == {"main.py"}  # nothing of the other module is left
    assert "print(64, " in texts["main.py"] and "import" not in texts["main.py"]


def test_what_only_looks_like_a_constant_stays(tmp_path):
    other = """
COUNT = 0
LIMIT = 5
SIZE = 7
LEVEL = 1
TABLE = [1, 2]
def add():
    global COUNT
    COUNT += 1
if LIMIT > 3:
    LEVEL = 2
"""
    main = """
import other
from other import add, TABLE
def change():
    other.SIZE = 8
def hidden(other):
    SIZE = 1
    return other.LIMIT, SIZE
class Thing:
    LIMIT = 9
    def get(self):
        return self.LIMIT, LIMIT
LIMIT = 4
def main():
    add()
    change()
    TABLE.append(3)
    print(other.COUNT, other.SIZE, other.LEVEL, other.TABLE, hidden(Thing()), Thing().get())
    print([other for other in range(3)], (lambda other: other.LIMIT)(Thing))
    for SIZE in range(2):
        print(SIZE, other.LIMIT)
"""
    # Joined, a module cannot be assigned to from outside: test_linking.py
    printed = same_output(tmp_path, joins=[False], main=main, other=other)
    assert printed.startswith("1 8 2 [1, 2, 3] (9, 1) (9, 4)\n")


def test_names_agree_wherever_they_are(tmp_path):
    main = """
from collections import namedtuple
from parts import Base, wanted, helper as help_with
Point = namedtuple("Point", ("easting", "northing"))
class Derived(Base):
    def __init__(self, first_part, *others, **more):
        super().__init__(first_part)
        self._own_value = others
        self.more_things = more
    async def waits(self): pass
    def method_of_ours(self, argument_here, named_argument=3):
        def inner(argument_here):
            return argument_here + named_argument, outer_of(argument_here)
        outer_of = lambda any_argument: any_argument * named_argument
        return inner(argument_here), [thing + argument_here for thing in (1, 2)]
def raises():
    try:
        raise wanted("text")
    except wanted as error_here:
        return error_here.reason_given
def outer(counted_here):
    def count():
        nonlocal counted_here
        counted_here += 1
        return counted_here
    return count
def main():
    thing = Derived(1, 2, 3, optional_word=4)
    print(thing.method_of_ours(1), thing.method_of_ours(argument_here=2, named_argument=5))
    print(thing._first_part, thing._own_value, len(thing.more_things), raises())
    print(Point(northing=2, easting=1).easting, hasattr(thing, "_looked_up"), help_with("x y"))
    print(getattr(thing, "_looked_up"), outer(5)(), b"abc".find(b"c"), sorted([2, 1], key=abs))
"""
    parts = """
class wanted(Exception):
    def __init__(self, reason_given):
        super().__init__(reason_given)
        self.reason_given = reason_given
class Base:
    def __init__(self, first_part):
        self._first_part = first_part
        self._looked_up = "found"
def helper(split_here):
    return split_here.split()
"""
    assert "found 6 2 [1, 2]" in same_output(tmp_path, main=main, parts=parts)
    texts, names = built(main=main, parts=parts)
    text = texts["main.py"] + texts["parts.py"]
    for gone in ("Derived", "_own_value", "method_of_ours", "named_argument", "northing", "helper"):
        assert gone not in text, gone
    for kept in ("_looked_up", "find", "sorted", "key=", "__init__", "namedtuple"):
        assert kept in text, kept
    assert set(names.names) <= stock.in_every_image()


def test_what_two_modules_have_for_themselves_may_share_a_name(tmp_path):
    module = """
_kept_here = {0}
def _private_of_{0}(given_{0}, second_{0}=2):
    global _kept_here
    _kept_here += given_{0}
    def inside_{0}(): return _kept_here, second_{0}
    return inside_{0}()
def _same_name(argument_{0}): return argument_{0} + {0}
def public_{0}(_private_of_1, third_{0}):
    return _same_name(_private_of_1), _kept_here, [_same_name(third_{0}) for third_{0} in (1, 2)]
def another_{0}(value_{0}): return _private_of_{0}(value_{0}, value_{0}), public_{0}(value_{0}, 1)
"""
    sources = {f"part{number}": module.format(number) for number in (1, 2)}
    sources["main"] = """
from part1 import another_1
from part2 import another_2
def main():
    print(another_1(3), another_2(4))
"""
    printed = same_output(tmp_path, **sources)
    assert printed == "((4, 3), (4, 4, [2, 3])) ((6, 4), (6, 6, [3, 4]))\n"
    texts, _ = built(**sources)
    names = [
        {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
        for place, text in texts.items()
        if place != "main.py"
    ]
    assert len(names[0] & names[1]) == 3, names  # all but the public ones


def test_what_is_private_to_a_class_is_not_that_of_its_bases(tmp_path):
    base = """
class Base:
    def __init__(self): self._base_value = 1
    def _base_method(self): return self._base_value
    def of_base(self): return self._base_method(), self._base_value
"""
    stranger = """
class Stranger:
    def __init__(self): self._strange_value = 5
    def strange(self): return self._strange_method()
    def _strange_method(self): return self._strange_value
def poke(thing): thing._poked = 7
"""
    main = """
from folder import Handed
from stranger import Stranger, poke
class Derived(Handed):
    def __init__(self):
        super().__init__()
        self._own_value = 2
    def _own_method(self): return self._own_value, self._poked
    def all_of_it(self): return self._own_method(), self.of_base()
def main():
    thing = Derived()
    poke(thing)
    print(thing.all_of_it(), Stranger().strange())
"""
    sources = {"main": main, "folder": "from base import Base as Handed\n", "base": base}
    sources |= {"stranger": stranger, "folder__nothing": ""}
    assert same_output(tmp_path, **sources) == "((2, 7), (1, 1)) 5\n"
    _, names = built(**sources)
    short = {
        qualified: new
        for places in names.functions.values()
        for new, rows in places.items()
        for _, qualified, _ in rows
    }
    assert short["Derived._own_method"] != short["Base._base_method"]
    assert short["Stranger._strange_method"] in (
        short["Derived._own_method"],
        short["Base._base_method"],
    )


def test_what_nobody_uses_is_left_out(tmp_path):
    main = """
'''A text for readers.'''
import effect
import quiet
from effect import used, UNUSED
__all__ = ["main"]
def nobody(): return nobody_either()
def nobody_either(): return 1
class Kept:
    '''Another.'''
    def __str__(self): return "kept"
    def write(self): return 1  # a stream's: somebody else may ask for it
    def asked_by_nobody(self): return 2
def main():
    print(used(), Kept())
if __name__ == "__main__":
    main()
"""
    effect = """
UNUSED = 3
print("loaded")
def used(): return UNUSED
"""
    sources = {"main": main, "effect": effect, "quiet": "'''Nothing.'''"}
    assert same_output(tmp_path, **sources) == "loaded\n3 kept\n"
    texts, _ = built(**sources)
    assert set(texts) == {"main.py", "effect.py"}
    for gone in ("nobody", "asked", "text", "Another", "__main__", "__all__", "UNUSED"):
        assert gone not in "".join(texts.values()), gone
    assert "write" in texts["main.py"]


def test_a_module_is_known_by_its_new_name_in_sys_modules(tmp_path):
    main = """
import sys
NAMES = ("rooms.guest", "rooms.other")
def main():
    for turn in range(2):
        for name in NAMES:
            __import__(name)
        from rooms import guest
        print(turn, guest.greet(), [name in sys.modules for name in NAMES])
        for name in NAMES:
            sys.modules.pop(name)
            package, _, own = name.rpartition(".")
            if hasattr(sys.modules.get(package), own):
                delattr(sys.modules[package], own)
"""
    guest = "print('again')\ndef greet(): return 'hello'\n"
    sources = {"main": main, "rooms__guest": guest, "rooms__other": "A = 1\n"}
    # Joined are modules of a Room only: test_linking.py
    assert same_output(tmp_path, joins=[False], **sources).count("again\n") == 2


def test_a_package_that_needs_its_modules_is_loaded_first(tmp_path):
    sources = {
        "main": "from ring import writer\ndef main(): print(writer.Writer().full())\n",
        "ring": "class Full(Exception): pass\nfrom ring.writer import Writer\n",
        "ring__writer": "from ring import Full\n"
        "class Writer:\n    def full(self): return issubclass(Full, Exception)\n",
    }
    assert same_output(tmp_path, **sources) == "True\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("from other import *", "name what is imported"),
        ("from . import other", "name the package"),
        ("import folder.inside", "write `from package import module`"),
        ("def main(: pass", "not Python"),
        ("from collections import namedtuple\nP = namedtuple('P', names)", "as literals"),
    ],
)
def test_what_it_cannot_treat_is_said(source, said):
    with pytest.raises(BuildProblem, match=said):
        built(main=f"{source}\ndef main(): pass\n", other="", folder__inside="A = [1]\n")


def _firmware():
    whole = Program()
    whole.add_folder(deploy.FIRMWARE)
    return [module.tree for module in whole.modules.values()]


def test_every_name_that_is_somebody_elses_is_known():
    """So that one which the firmware also has for itself is never changed."""
    trees = _firmware()
    nodes = [node for tree in trees for node in ast.walk(tree)]
    ours = {node.attr for node in nodes if isinstance(node, ast.Attribute) and _stores(node)}
    ours |= {node.id for node in nodes if isinstance(node, ast.Name) and _stores(node)}
    ours |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    ours |= {
        node.name
        for node in nodes
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    ours |= {name for tree in trees for name, _ in imports(tree)}
    board = ast.parse((deploy.BOARDS / "simulator" / "board.py").read_text())
    ours |= {node.id for node in ast.walk(board) if isinstance(node, ast.Name)}
    named_tuples = [
        ast.literal_eval(node.args[1])
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "namedtuple"
    ]
    ours |= {name for row in named_tuples for name in row}
    asked = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    asked |= {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}
    unknown = asked - ours - stock.known() - set(dir(builtins)) - set(keyword.kwlist)
    assert unknown == set()


def _stores(node):
    return isinstance(node.ctx, ast.Store)


def test_a_program_is_not_changed_by_the_names_of_another():
    """Names depend on the program alone: the same sources, the same build."""
    sources = {
        "main": "from other import do_it\ndef main(): do_it()\n",
        "other": "def do_it(): 1\n",
    }
    assert built(**sources)[0] == built(**sources)[0]
    assert len(program(**sources).modules) == 2
