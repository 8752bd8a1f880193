"""The arithmetic of firmware/crypto/field.py, modulo p = 2^255 - 19, as one viper function.

tools/curve25519/programs.py writes the file.

An element is 20 limbs of 13 bits, least significant first; 2^260 = 608 (mod p) folds what is above.
Why one function, why unrolled, why this mix of pointers and locals: docs/curve25519.md.
"""

LIMBS = 20
BITS = 13
FOLD = 608  # 2^260 mod p
ROWS = 5  # limbs of one factor that a turn of a product's loop takes
HIGHEST = LIMBS + ROWS - 1  # columns that a turn adds to

# With a signed operand what is carried out of limb 19 may have either sign. Adding BIAS * 32 p =
# BIAS * (2^260 - 608) makes it positive, so every limb stored is too.
BIAS = 24 << BITS

HEAD = '''"""Arithmetic modulo 2^255 - 19. Written by tools/curve25519/programs.py.

An element is a slot: 20 limbs of 13 bits in 20 words. docs/curve25519.md explains bounds and cost.

Each instruction of a program for `run` is a number and its operands, a byte each: slot s, then n.
A slot of 128 or more is counted from q, the offset that comes with the routine in the script.
{table}
"""
# ruff: noqa
# fmt: off

import micropython

@micropython.viper
def run(acc: int, p: ptr32, program: ptr8, script: ptr16):
    """Runs routines of `program` over the slots at `p`, as `script` lists them.

    `script` holds pairs of half words: where the routine starts in `program` (0: stop), and its q,
    in bytes from `p`. `acc` is 0: it is an argument because only the first two live in registers.
    """
    base = int(p)
    pc = 0
    q = 0
    op = 0
    count = 0
    toggle = 0
    other = 0
    s = 0
    n = 0
    to = 0
    r = ptr16(base)
    at = 0
    carry = 0
    mask = 8191
    while True:
        op = program[pc]
        s = program[pc + 1]
        at = base + s * 80
        if s > 127:
            at = at + q - 10240
        p = ptr32(at)
'''


def lines(statements, indent):
    """The statements joined by semicolons into lines of up to 100 characters."""
    out = []
    line = ""
    for statement in statements:
        joined = f"{line}; {statement}" if line else statement
        if len(joined) + indent > 100:
            out.append(" " * indent + line)
            joined = statement
        line = joined
    return "\n".join([*out, " " * indent + line]) + "\n"


def each(template):
    return [template.format(i=i) for i in range(LIMBS)]


def shift():
    return f"acc = acc >> {BITS}"


def product():
    """h0 to h19 become the columns of slot p times B, by Horner's rule from p's highest limbs down.

    A turn of the loop moves the sum up by five limbs and adds five limbs of p times B: h0 to h23
    are its columns, of which those from 20 on, with what was moved above them, are carried and
    come back 608-fold. So the code is a quarter of what all columns would be.
    """
    turn = ["at = at - 20", "p = ptr32(at)"]
    # What is moved up is written five places higher, so from the top
    turn += [f"carry = h{LIMBS - 1}"]
    for k in range(HIGHEST - 1, -1, -1):
        terms = [f"p[{i}] * b{k - i}" for i in range(ROWS) if 0 <= k - i < LIMBS]
        turn += total(terms, f"h{k - ROWS}" if k >= ROWS else "", f"h{k}")
    turn += ["acc = 0"]
    for k in range(LIMBS, HIGHEST):
        turn += [f"acc = h{k} + acc", f"h{k} = acc & mask", shift()]
    turn += ["acc = carry + acc", "carry = acc & mask", shift()]
    turn += [f"h{ROWS} = acc * {FOLD} + h{ROWS}", f"h{ROWS - 1} = carry * {FOLD} + h{ROWS - 1}"]
    turn += [f"h{k} = h{LIMBS + k} * {FOLD} + h{k}" for k in range(ROWS - 1)]
    return [
        *lines([f"h{k} = 0" for k in range(LIMBS)], 0).splitlines(),
        "to = at; at = at + 80",
        "while at > to:",
        *lines(turn, 4).splitlines(),
    ]


def total(terms, kept, target):
    """Statements that leave the sum of the products and what is kept in a local."""
    terms = [terms[0] + (f" + {kept}" if kept else ""), *terms[1:]]
    if len(terms) == 1:
        return [f"{target} = {terms[0]}"]
    middle = [f"acc = {t} + acc" for t in terms[1:-1]]
    return [f"acc = {terms[0]}", *middle, f"{target} = {terms[-1]} + acc"]


def carry():
    """h0 to h19, carried, become the slot at n; what is left above goes to limb 0, its carry on."""
    code = ["p = ptr32(n)", f"acc = {-FOLD * BIAS}"]
    for k in range(LIMBS):
        code += [f"acc = h{k} + acc", f"p[{k}] = acc & mask", shift()]
    code += [f"acc = (acc + {BIAS}) * {FOLD}"]
    for k in range(2):
        code += [f"acc = p[{k}] + acc", f"p[{k}] = acc & mask", shift()]
    return lines([*code, "p[2] = p[2] + acc"], 0).splitlines()


ROW = ["r = ptr16(base + q + s * 40)"]
NEXT = ["pc = pc + 2"]


def step(name, meaning, statements):
    return (name, meaning, lines(statements, 0).splitlines())


def results():
    """One body for what ends in a carried slot. Squares go from slot s to n and slot 0 by turns."""
    return [
        "n = program[pc + 2]; to = base + n * 80",
        "if n > 127:",
        "    to = to + q - 10240",
        "n = to; toggle = n ^ base; pc = pc + 3; count = 1",
        "if op > 7:",
        "    count = program[pc]; pc = pc + 1",
        "    if count & 1 == 0:",
        "        n = base",
        "while True:",
        "    if op < 6:",
        *lines(each("h{i} = p[{i}] + b{i}"), 8).splitlines(),
        "    elif op < 7:",
        *lines(each("h{i} = p[{i}] * 121665 + b{i}"), 8).splitlines(),
        "    else:",
        "        if op > 7:",
        *lines(each("b{i} = p[{i}]"), 12).splitlines(),
        *("        " + line for line in product()),
        *("    " + line for line in carry()),
        "    count = count - 1",
        "    if count == 0:",
        "        break",
        "    at = n; p = ptr32(n)",
        "    n = n ^ toggle",
    ]


def conditional_swap():
    """No branch and no address depends on q: it is 1 to swap and 0 not to."""
    body = []
    for i in range(4):
        body += [
            f"acc = (p[{i}] ^ p[{i + 40}]) & n",
            f"p[{i}] = p[{i}] ^ acc",
            f"p[{i + 40}] = p[{i + 40}] ^ acc",
        ]
    return (
        "SWAP",
        "exchanges slots s, s + 1 with s + 2, s + 3 if q is 1, leaves them if it is 0",
        [
            "pc = pc + 2; n = 0 - q; s = base + s * 80; count = 10",
            "while count:",
            *lines(body, 4).splitlines(),
            "    s = s + 16; p = ptr32(s); count = count - 1",
        ],
    )


def operations():
    """(name, meaning, code lines) in the order of their numbers."""
    results_ = results()
    return [
        (
            "END",
            "the script's next routine",
            [
                "pc = script[other]; q = script[other + 1]; other = other + 2",
                "if pc == 0:",
                "    return",
            ],
        ),
        step("LOAD", "B = slot s", NEXT + each("b{i} = p[{i}]")),
        step("RSUB", "B = slot s - B", NEXT + each("b{i} = p[{i}] - b{i}")),
        step("LOAD_ROW", "B = part s of row q", NEXT + ROW + each("b{i} = r[{i}]")),
        conditional_swap(),
        ("SUM", "slot n = slot s + B", results_),
        ("SCALE", "slot n = 121665 * slot s + B", results_),
        ("MUL", "slot n = slot s * B", results_),
        (
            "SQUARE",
            "slot n = slot s squared `count` times (the byte after n); B and slot 0 are lost",
            results_,
        ),
    ]


def tree(codes, first, indent):
    """Nested comparisons that lead to the code of operation number `op`."""
    pad = " " * indent
    if all(code is codes[0] for code in codes):
        return [pad + line for line in codes[0]]
    half = len(codes) // 2
    while codes[half - 1] is codes[half]:  # operations with one body, the last, stay together
        half -= 1
    return [
        f"{pad}if op < {first + half}:",
        *tree(codes[:half], first, indent + 4),
        f"{pad}else:",
        *tree(codes[half:], first + half, indent + 4),
    ]


def text():
    """firmware/crypto/field.py without the program."""
    ops = operations()
    table = "\n".join(f"{i:4} {name:9} {meaning}" for i, (name, meaning, _) in enumerate(ops))
    head = HEAD.format(table=table)
    return head + "\n".join(tree([code for _, _, code in ops], 0, 8)) + "\n"
