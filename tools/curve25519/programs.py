"""The routines that firmware/crypto/field.py runs, and where things lie that they work on.

    python -m tools.curve25519.programs

writes firmware/crypto/field.py with the assembled routines in it, and in the modules that name a
routine, a slot or an offset the lines below MARK. There a name begins with an underscore: such a
constant takes no memory on the device, where one imported from another module would.

Points of edwards25519 are in extended homogeneous coordinates (RFC 8032 section 5.1.4; Hisil, Wong,
Carter, Dawson 2008): x = X/Z, y = Y/Z, T = XY/Z. A slot holds one field element. Where a bound
matters, the comment names it: u is a carried limb, 0 to 8196. MUL takes a slot within 0..u and B
within -u..u; docs/curve25519.md has the whole argument, tests/curve25519/test_bounds.py proves it.
"""

import re
from pathlib import Path

from tools.curve25519 import generate_field
from tools.curve25519.generate_field import operations

CRYPTO = Path(__file__).parents[2] / "firmware" / "crypto"
TARGET = CRYPTO / "field.py"
USERS = [
    CRYPTO / f"{name}.py"
    for name in ("ed25519", "plans", "points", "preparation", "signing", "workspace", "x25519")
]
MARK = "# routines, slots, offsets and plans, written by tools/curve25519/programs.py\n"
_NUMBERS = {name: number for number, (name, _, _) in enumerate(operations())}
END, LOAD, RSUB, LOAD_ROW, SWAP, SUM, SCALE, MUL, SQUARE = range(9)
assert {name: value for name, value in globals().items() if name in _NUMBERS} == _NUMBERS, (
    "the names above are not in the order of generate_field.operations()"
)

# slots; 0 is lost when SQUARE repeats
X = 1
Y = 2
Z = 3
T = 4
A = 5
B = 6
C = 7
S = 8
F = 9
H = 10
U = 11
V = 12
W = 13
ZERO = 14
ONE = 15
D = 16
D2 = 17
ROOT = 18  # a square root of -1
HALF = 19
MADE = 20  # 4 slots: what MAKE_ROW makes, or a point that is kept
TABLE = 24  # 2 tables of 8 entries of 4 slots
Q = 128  # the first slot counted from a routine's q

# Byte offsets and sizes in points.work
OFFSETS = {
    "SLOT_BYTES": 80,
    "TABLES": 80 * TABLE,
    "TABLE_BYTES": 8 * 4 * 80,
    "ENTRY_BYTES": 4 * 80,
    "ROWS": 80 * TABLE + 2 * 8 * 4 * 80,  # 16 rows, for verification
    "ROW_BYTES": 128,
    "WORK_BYTES": 80 * TABLE + 2 * 8 * 4 * 80 + 16 * 128,
}
# What plans.write_script is told besides columns
PLANS = {
    "ONE_COMB": 0x100,
    "TWO_COMBS": 0x200,
    "ONE_WINDOW": 0x1000,
    "TWO_WINDOWS": 0x2000,
    "FROM_IDENTITY": 0x4000,
    "PLAN_BYTES": 592,
}

# An entry of a table, as slots from its q: Y + X, Y - X, 2 Z, 2 d T.
# A row, which stands for a point with Z = 1 or its negative: (y + x) / 2, (y - x) / 2, d x y.


def _double(with_t):
    """dbl-2008-hwcd with a = -1, every coordinate negated, which is the same point.

    A = X^2, B = Y^2, C = Z^2, S = (X + Y)^2, G = B - A, F = 2 C - G, H = A + B, E = S - H.
    MUL wants one operand within 0..u and the other within -u..u: so F and H are carried.
    """
    return (
        (SQUARE, X, A, 1, SQUARE, Y, B, 1, SQUARE, Z, C, 1)
        + (LOAD, X, SUM, Y, F, SQUARE, F, S, 1)
        + (LOAD, A, RSUB, B, RSUB, C, SUM, C, F)
        + (LOAD, A, SUM, B, H, RSUB, B, MUL, H, Y, MUL, F, Z)
        + (LOAD, H, RSUB, S, MUL, F, X)
        + ((MUL, H, T) if with_t else ())
        + (END, 0)
    )


def _finish(g, with_t):
    """E = B - A, F, G, H = B + A are known but for G, which `g` loads: X = EF, Y = GH, ..."""
    return (
        (LOAD, A, SUM, B, H, RSUB, B, MUL, F, X)
        + ((MUL, H, T) if with_t else ())
        + g
        + (MUL, H, Y, MUL, F, Z, END, 0)
    )


def _add(sign, with_t):
    """add-2008-hwcd-3: the entry at q, or its negative, is added to the point X, Y, Z, T."""
    plus, minus = (Q, Q + 1) if sign > 0 else (Q + 1, Q)
    code = (LOAD, X, RSUB, Y, MUL, minus, A, LOAD, X, SUM, Y, S, LOAD, plus, MUL, S, B)
    code += (LOAD, Q + 3, MUL, T, C, LOAD, Q + 2, MUL, Z, S)
    return code + _f_and_finish(sign, S, with_t)


def _add_row(sign, with_t):
    """The same for a row: its halves make D = Z, and a factor 1/4 in every coordinate."""
    plus, minus = (0, 1) if sign > 0 else (1, 0)
    code = (LOAD, X, SUM, Y, F, RSUB, Y, SUM, ZERO, H)
    code += (LOAD_ROW, minus, MUL, H, A, LOAD_ROW, plus, MUL, F, B, LOAD_ROW, 2, MUL, T, C)
    return code + _f_and_finish(sign, Z, with_t)  # Z is the last to be written


def _f_and_finish(sign, d, with_t):
    """F = D - C and G = D + C, or the other way round; D is in slot d."""
    if sign > 0:
        return (LOAD, C, RSUB, d, SUM, ZERO, F) + _finish((LOAD, C, SUM, d, C, LOAD, C), with_t)
    return (LOAD, C, SUM, d, F) + _finish((LOAD, C, RSUB, d), with_t)


# The point as an entry of a table, at q
_CACHE = (LOAD, X, SUM, Y, Q, RSUB, Y, SUM, ZERO, Q + 1, LOAD, Z, SUM, Z, Q + 2)
_CACHE += (LOAD, D2, MUL, T, Q + 3, END, 0)

# W^(2^250 - 1) into C and W^11 into S (the usual chain: 249 squarings, 11 products)
_CHAIN = (SQUARE, W, A, 1, SQUARE, A, B, 2, LOAD, W, MUL, B, C, LOAD, A, MUL, C, S)
_CHAIN += (SQUARE, S, A, 1, LOAD, C, MUL, A, B)
_CHAIN += (SQUARE, B, A, 5, LOAD, B, MUL, A, C)
_CHAIN += (SQUARE, C, A, 10, LOAD, C, MUL, A, B)
_CHAIN += (SQUARE, B, A, 20, LOAD, B, MUL, A, F)
_CHAIN += (SQUARE, F, A, 10, LOAD, C, MUL, A, B)
_CHAIN += (SQUARE, B, A, 50, LOAD, B, MUL, A, C)
_CHAIN += (SQUARE, C, A, 100, LOAD, C, MUL, A, F)
_CHAIN += (SQUARE, F, A, 50, LOAD, B, MUL, A, C)
# 1 / W into W: W^(2^255 - 21)
_INVERT = _CHAIN + (SQUARE, C, A, 5, LOAD, S, MUL, A, W, END, 0)
# RFC 8032 section 5.1.3 steps 2 and 3, y in Y: x or x / ROOT into X, v x^2 into B, u in U
_ROOT = (SQUARE, Y, A, 1, LOAD, ONE, RSUB, A, SUM, ZERO, U, LOAD, D, MUL, A, B)
_ROOT += (LOAD, ONE, SUM, B, V, SQUARE, V, A, 1, LOAD, V, MUL, A, H)
_ROOT += (SQUARE, H, A, 1, LOAD, V, MUL, A, B, LOAD, U, MUL, B, W)
_ROOT += _CHAIN + (SQUARE, C, A, 2, LOAD, W, MUL, A, C)
_ROOT += (LOAD, U, MUL, H, A, LOAD, A, MUL, C, X, SQUARE, X, A, 1, LOAD, V, MUL, A, B, END, 0)
# X = X * ROOT
_TURN = (LOAD, X, MUL, ROOT, A, LOAD, ZERO, SUM, A, X, END, 0)
# RFC 8032 section 5.1.2: x into X and y into Y; W is 1 / Z
_AFFINE = (LOAD, W, MUL, X, A, MUL, Y, B, LOAD, ZERO, SUM, A, X, SUM, B, Y, END, 0)
# The same for two points at once, the other in MADE: W = Z Z', and with W inverted X, Y and U, V
_JOIN = (LOAD, Z, MUL, MADE + 2, W, END, 0)
_SPLIT = (LOAD, W, MUL, MADE + 2, A, MUL, Z, S)
_SPLIT += (LOAD, A, MUL, X, B, MUL, Y, C, LOAD, S, MUL, MADE, U, MUL, MADE + 1, V)
_SPLIT += (LOAD, ZERO, SUM, B, X, SUM, C, Y, END, 0)
# Z = 1 and T = X Y, for a point with X and Y set
_EXTEND = (LOAD, ZERO, SUM, ONE, Z, LOAD, X, MUL, Y, T, END, 0)
# y^2 - x^2 into U and 1 + d x^2 y^2 into V
_CURVE = (SQUARE, X, A, 1, SQUARE, Y, B, 1, LOAD, A, RSUB, B, SUM, ZERO, U, LOAD, A, MUL, B, C)
_CURVE += (LOAD, D, MUL, C, S, LOAD, ONE, SUM, S, V, END, 0)
_NEGATE = (LOAD, X, RSUB, ZERO, SUM, ZERO, X, LOAD, T, RSUB, ZERO, SUM, ZERO, T, END, 0)
_NEGATE_W = (LOAD, W, RSUB, ZERO, SUM, ZERO, W, END, 0)
_IDENTITY = (LOAD, ZERO, SUM, ZERO, X, SUM, ONE, Y, SUM, ONE, Z, SUM, ZERO, T, END, 0)


# an affine X, Y as the three parts of a row
_MAKE_ROW = (LOAD, X, SUM, Y, A, RSUB, Y, SUM, ZERO, B, LOAD, HALF, MUL, A, MADE, MUL, B, MADE + 1)
_MAKE_ROW += (LOAD, X, MUL, Y, A, LOAD, A, MUL, D, MADE + 2, END, 0)

# RFC 7748 section 5: one step of the ladder, on X2, Z2 in slots X, Y and X3, Z3 in slots Z, T.
# q is 1 if the bit before this one differs from this one. x1 is in U.
_LADDER = (SWAP, X)
_LADDER += (LOAD, Y, SUM, X, A, RSUB, X, SUM, ZERO, B)  # A = x2 + z2, B = x2 - z2
_LADDER += (LOAD, Z, SUM, T, C, LOAD, C, MUL, B, C)  # C = (x3 + z3) B
_LADDER += (LOAD, T, RSUB, Z, MUL, A, S)  # S = (x3 - z3) A
_LADDER += (LOAD, C, SUM, S, F, RSUB, S, SUM, ZERO, H)  # F = S + C, H = S - C
_LADDER += (SQUARE, F, Z, 1, SQUARE, H, F, 1, LOAD, U, MUL, F, T)
_LADDER += (SQUARE, A, F, 1, SQUARE, B, H, 1)  # F = AA, H = BB
_LADDER += (LOAD, H, MUL, F, X)
_LADDER += (RSUB, F, SUM, ZERO, A, LOAD, F, SCALE, A, B)  # A = E, B = AA + 121665 E
_LADDER += (LOAD, A, MUL, B, Y, END, 0)
# X2 = 1, Z2 = 0, X3 = x1, Z3 = 1
_LADDER_START = (LOAD, ZERO, SUM, ONE, X, SUM, ZERO, Y, SUM, U, Z, SUM, ONE, T, END, 0)
# the last swap; W = Z2 for INVERT
_SWAP = (SWAP, X, LOAD, ZERO, SUM, Y, W, END, 0)
_TIMES_W = (LOAD, W, MUL, X, A, LOAD, ZERO, SUM, A, X, END, 0)

ROUTINES = {
    "START": (END, 0),
    "DOUBLE": _double(with_t=False),
    "DOUBLE_T": _double(with_t=True),
    "ADD": _add(1, with_t=False),
    "SUBTRACT": _add(-1, with_t=False),
    "ADD_T": _add(1, with_t=True),
    "SUBTRACT_T": _add(-1, with_t=True),
    "ADD_ROW": _add_row(1, with_t=False),
    "SUBTRACT_ROW": _add_row(-1, with_t=False),
    "ADD_ROW_T": _add_row(1, with_t=True),
    "SUBTRACT_ROW_T": _add_row(-1, with_t=True),
    "CACHE": _CACHE,
    "MAKE_ROW": _MAKE_ROW,
    "INVERT": _INVERT,
    "TAKE_ROOT": _ROOT,
    "TURN": _TURN,
    "AFFINE": _AFFINE,
    "JOIN": _JOIN,
    "SPLIT": _SPLIT,
    "EXTEND": _EXTEND,
    "CURVE": _CURVE,
    "NEGATE": _NEGATE,
    "NEGATE_W": _NEGATE_W,
    "IDENTITY": _IDENTITY,
    "LADDER": _LADDER,
    "SWAP_LAST": _SWAP,
    "LADDER_START": _LADDER_START,
    "TIMES_W": _TIMES_W,
}


def assemble():
    """The program, and where each routine starts in it."""
    program = b""
    starts = {}
    for name, code in ROUTINES.items():
        starts[name] = len(program)
        program += bytes(code)
    return program, starts


def text():
    """The whole of firmware/crypto/field.py."""
    program, _ = assemble()
    literal = "".join(f"\\x{byte:02x}" for byte in program)
    width = 4 * 23
    body = "\n".join(f'    b"{literal[at : at + width]}"' for at in range(0, len(literal), width))
    return f"{generate_field.text()}\n\nPROGRAM = (\n{body}\n)\n"


def constants():
    """Every name that a module may use, with its number."""
    slots = {"X": X, "Y": Y, "Z": Z, "B": B, "U": U, "V": V, "W": W, "MADE": MADE}
    return {**slots, **OFFSETS, **PLANS, **assemble()[1]}


def with_constants(source):
    """A module's text, the lines below MARK being what it uses of `constants`."""
    before, after = source.split(MARK)
    after = re.sub(r"\A(_\w+ = const\(\d+\)\n)*", "", after)
    used = set(re.findall(r"\b_([A-Z][A-Z0-9_]*)\b", before + after))
    lines = [f"_{name} = const({n})\n" for name, n in constants().items() if name in used]
    return before + MARK + "".join(lines) + after


def main():
    TARGET.write_text(text())
    for path in USERS:
        path.write_text(with_constants(path.read_text()))


if __name__ == "__main__":
    main()
