"""Arithmetic modulo 2^255 - 19. Written by tools/curve25519/programs.py.

An element is a slot: 20 limbs of 13 bits in 20 words. docs/curve25519.md explains bounds and cost.

Each instruction of a program for `run` is a number and its operands, a byte each: slot s, then n.
A slot of 128 or more is counted from q, the offset that comes with the routine in the script.
   0 END       the script's next routine
   1 LOAD      B = slot s
   2 RSUB      B = slot s - B
   3 LOAD_ROW  B = part s of row q
   4 SWAP      exchanges slots s, s + 1 with s + 2, s + 3 if q is 1, leaves them if it is 0
   5 SUM       slot n = slot s + B
   6 SCALE     slot n = 121665 * slot s + B
   7 MUL       slot n = slot s * B
   8 SQUARE    slot n = slot s squared `count` times (the byte after n); B and slot 0 are lost
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
        if op < 4:
            if op < 2:
                if op < 1:
                    pc = script[other]; q = script[other + 1]; other = other + 2
                    if pc == 0:
                        return
                else:
                    pc = pc + 2; b0 = p[0]; b1 = p[1]; b2 = p[2]; b3 = p[3]; b4 = p[4]; b5 = p[5]; b6 = p[6]; b7 = p[7]
                    b8 = p[8]; b9 = p[9]; b10 = p[10]; b11 = p[11]; b12 = p[12]; b13 = p[13]; b14 = p[14]; b15 = p[15]
                    b16 = p[16]; b17 = p[17]; b18 = p[18]; b19 = p[19]
            else:
                if op < 3:
                    pc = pc + 2; b0 = p[0] - b0; b1 = p[1] - b1; b2 = p[2] - b2; b3 = p[3] - b3; b4 = p[4] - b4
                    b5 = p[5] - b5; b6 = p[6] - b6; b7 = p[7] - b7; b8 = p[8] - b8; b9 = p[9] - b9; b10 = p[10] - b10
                    b11 = p[11] - b11; b12 = p[12] - b12; b13 = p[13] - b13; b14 = p[14] - b14; b15 = p[15] - b15
                    b16 = p[16] - b16; b17 = p[17] - b17; b18 = p[18] - b18; b19 = p[19] - b19
                else:
                    pc = pc + 2; r = ptr16(base + q + s * 40); b0 = r[0]; b1 = r[1]; b2 = r[2]; b3 = r[3]; b4 = r[4]
                    b5 = r[5]; b6 = r[6]; b7 = r[7]; b8 = r[8]; b9 = r[9]; b10 = r[10]; b11 = r[11]; b12 = r[12]
                    b13 = r[13]; b14 = r[14]; b15 = r[15]; b16 = r[16]; b17 = r[17]; b18 = r[18]; b19 = r[19]
        else:
            if op < 5:
                pc = pc + 2; n = 0 - q; s = base + s * 80; count = 10
                while count:
                    acc = (p[0] ^ p[40]) & n; p[0] = p[0] ^ acc; p[40] = p[40] ^ acc; acc = (p[1] ^ p[41]) & n
                    p[1] = p[1] ^ acc; p[41] = p[41] ^ acc; acc = (p[2] ^ p[42]) & n; p[2] = p[2] ^ acc
                    p[42] = p[42] ^ acc; acc = (p[3] ^ p[43]) & n; p[3] = p[3] ^ acc; p[43] = p[43] ^ acc
                    s = s + 16; p = ptr32(s); count = count - 1
            else:
                n = program[pc + 2]; to = base + n * 80
                if n > 127:
                    to = to + q - 10240
                n = to; toggle = n ^ base; pc = pc + 3; count = 1
                if op > 7:
                    count = program[pc]; pc = pc + 1
                    if count & 1 == 0:
                        n = base
                while True:
                    if op < 6:
                        h0 = p[0] + b0; h1 = p[1] + b1; h2 = p[2] + b2; h3 = p[3] + b3; h4 = p[4] + b4
                        h5 = p[5] + b5; h6 = p[6] + b6; h7 = p[7] + b7; h8 = p[8] + b8; h9 = p[9] + b9
                        h10 = p[10] + b10; h11 = p[11] + b11; h12 = p[12] + b12; h13 = p[13] + b13
                        h14 = p[14] + b14; h15 = p[15] + b15; h16 = p[16] + b16; h17 = p[17] + b17
                        h18 = p[18] + b18; h19 = p[19] + b19
                    elif op < 7:
                        h0 = p[0] * 121665 + b0; h1 = p[1] * 121665 + b1; h2 = p[2] * 121665 + b2
                        h3 = p[3] * 121665 + b3; h4 = p[4] * 121665 + b4; h5 = p[5] * 121665 + b5
                        h6 = p[6] * 121665 + b6; h7 = p[7] * 121665 + b7; h8 = p[8] * 121665 + b8
                        h9 = p[9] * 121665 + b9; h10 = p[10] * 121665 + b10; h11 = p[11] * 121665 + b11
                        h12 = p[12] * 121665 + b12; h13 = p[13] * 121665 + b13; h14 = p[14] * 121665 + b14
                        h15 = p[15] * 121665 + b15; h16 = p[16] * 121665 + b16; h17 = p[17] * 121665 + b17
                        h18 = p[18] * 121665 + b18; h19 = p[19] * 121665 + b19
                    else:
                        if op > 7:
                            b0 = p[0]; b1 = p[1]; b2 = p[2]; b3 = p[3]; b4 = p[4]; b5 = p[5]; b6 = p[6]; b7 = p[7]
                            b8 = p[8]; b9 = p[9]; b10 = p[10]; b11 = p[11]; b12 = p[12]; b13 = p[13]; b14 = p[14]
                            b15 = p[15]; b16 = p[16]; b17 = p[17]; b18 = p[18]; b19 = p[19]
                        h0 = 0; h1 = 0; h2 = 0; h3 = 0; h4 = 0; h5 = 0; h6 = 0; h7 = 0; h8 = 0; h9 = 0; h10 = 0; h11 = 0
                        h12 = 0; h13 = 0; h14 = 0; h15 = 0; h16 = 0; h17 = 0; h18 = 0; h19 = 0
                        to = at; at = at + 80
                        while at > to:
                            at = at - 20; p = ptr32(at); carry = h19; h23 = p[4] * b19 + h18; acc = p[3] * b19 + h17
                            h22 = p[4] * b18 + acc; acc = p[2] * b19 + h16; acc = p[3] * b18 + acc; h21 = p[4] * b17 + acc
                            acc = p[1] * b19 + h15; acc = p[2] * b18 + acc; acc = p[3] * b17 + acc; h20 = p[4] * b16 + acc
                            acc = p[0] * b19 + h14; acc = p[1] * b18 + acc; acc = p[2] * b17 + acc; acc = p[3] * b16 + acc
                            h19 = p[4] * b15 + acc; acc = p[0] * b18 + h13; acc = p[1] * b17 + acc; acc = p[2] * b16 + acc
                            acc = p[3] * b15 + acc; h18 = p[4] * b14 + acc; acc = p[0] * b17 + h12; acc = p[1] * b16 + acc
                            acc = p[2] * b15 + acc; acc = p[3] * b14 + acc; h17 = p[4] * b13 + acc; acc = p[0] * b16 + h11
                            acc = p[1] * b15 + acc; acc = p[2] * b14 + acc; acc = p[3] * b13 + acc; h16 = p[4] * b12 + acc
                            acc = p[0] * b15 + h10; acc = p[1] * b14 + acc; acc = p[2] * b13 + acc; acc = p[3] * b12 + acc
                            h15 = p[4] * b11 + acc; acc = p[0] * b14 + h9; acc = p[1] * b13 + acc; acc = p[2] * b12 + acc
                            acc = p[3] * b11 + acc; h14 = p[4] * b10 + acc; acc = p[0] * b13 + h8; acc = p[1] * b12 + acc
                            acc = p[2] * b11 + acc; acc = p[3] * b10 + acc; h13 = p[4] * b9 + acc; acc = p[0] * b12 + h7
                            acc = p[1] * b11 + acc; acc = p[2] * b10 + acc; acc = p[3] * b9 + acc; h12 = p[4] * b8 + acc
                            acc = p[0] * b11 + h6; acc = p[1] * b10 + acc; acc = p[2] * b9 + acc; acc = p[3] * b8 + acc
                            h11 = p[4] * b7 + acc; acc = p[0] * b10 + h5; acc = p[1] * b9 + acc; acc = p[2] * b8 + acc
                            acc = p[3] * b7 + acc; h10 = p[4] * b6 + acc; acc = p[0] * b9 + h4; acc = p[1] * b8 + acc
                            acc = p[2] * b7 + acc; acc = p[3] * b6 + acc; h9 = p[4] * b5 + acc; acc = p[0] * b8 + h3
                            acc = p[1] * b7 + acc; acc = p[2] * b6 + acc; acc = p[3] * b5 + acc; h8 = p[4] * b4 + acc
                            acc = p[0] * b7 + h2; acc = p[1] * b6 + acc; acc = p[2] * b5 + acc; acc = p[3] * b4 + acc
                            h7 = p[4] * b3 + acc; acc = p[0] * b6 + h1; acc = p[1] * b5 + acc; acc = p[2] * b4 + acc
                            acc = p[3] * b3 + acc; h6 = p[4] * b2 + acc; acc = p[0] * b5 + h0; acc = p[1] * b4 + acc
                            acc = p[2] * b3 + acc; acc = p[3] * b2 + acc; h5 = p[4] * b1 + acc; acc = p[0] * b4
                            acc = p[1] * b3 + acc; acc = p[2] * b2 + acc; acc = p[3] * b1 + acc; h4 = p[4] * b0 + acc
                            acc = p[0] * b3; acc = p[1] * b2 + acc; acc = p[2] * b1 + acc; h3 = p[3] * b0 + acc
                            acc = p[0] * b2; acc = p[1] * b1 + acc; h2 = p[2] * b0 + acc; acc = p[0] * b1
                            h1 = p[1] * b0 + acc; h0 = p[0] * b0; acc = 0; acc = h20 + acc; h20 = acc & mask
                            acc = acc >> 13; acc = h21 + acc; h21 = acc & mask; acc = acc >> 13; acc = h22 + acc
                            h22 = acc & mask; acc = acc >> 13; acc = h23 + acc; h23 = acc & mask; acc = acc >> 13
                            acc = carry + acc; carry = acc & mask; acc = acc >> 13; h5 = acc * 608 + h5
                            h4 = carry * 608 + h4; h0 = h20 * 608 + h0; h1 = h21 * 608 + h1; h2 = h22 * 608 + h2
                            h3 = h23 * 608 + h3
                    p = ptr32(n); acc = -119537664; acc = h0 + acc; p[0] = acc & mask; acc = acc >> 13; acc = h1 + acc
                    p[1] = acc & mask; acc = acc >> 13; acc = h2 + acc; p[2] = acc & mask; acc = acc >> 13
                    acc = h3 + acc; p[3] = acc & mask; acc = acc >> 13; acc = h4 + acc; p[4] = acc & mask
                    acc = acc >> 13; acc = h5 + acc; p[5] = acc & mask; acc = acc >> 13; acc = h6 + acc
                    p[6] = acc & mask; acc = acc >> 13; acc = h7 + acc; p[7] = acc & mask; acc = acc >> 13
                    acc = h8 + acc; p[8] = acc & mask; acc = acc >> 13; acc = h9 + acc; p[9] = acc & mask
                    acc = acc >> 13; acc = h10 + acc; p[10] = acc & mask; acc = acc >> 13; acc = h11 + acc
                    p[11] = acc & mask; acc = acc >> 13; acc = h12 + acc; p[12] = acc & mask; acc = acc >> 13
                    acc = h13 + acc; p[13] = acc & mask; acc = acc >> 13; acc = h14 + acc; p[14] = acc & mask
                    acc = acc >> 13; acc = h15 + acc; p[15] = acc & mask; acc = acc >> 13; acc = h16 + acc
                    p[16] = acc & mask; acc = acc >> 13; acc = h17 + acc; p[17] = acc & mask; acc = acc >> 13
                    acc = h18 + acc; p[18] = acc & mask; acc = acc >> 13; acc = h19 + acc; p[19] = acc & mask
                    acc = acc >> 13; acc = (acc + 196608) * 608; acc = p[0] + acc; p[0] = acc & mask; acc = acc >> 13
                    acc = p[1] + acc; p[1] = acc & mask; acc = acc >> 13; p[2] = p[2] + acc
                    count = count - 1
                    if count == 0:
                        break
                    at = n; p = ptr32(n)
                    n = n ^ toggle


PROGRAM = (
    b"\x00\x00\x08\x01\x05\x01\x08\x02\x06\x01\x08\x03\x07\x01\x01\x01\x05\x02\x09\x08\x09\x08\x01"
    b"\x01\x05\x02\x06\x02\x07\x05\x07\x09\x01\x05\x05\x06\x0a\x02\x06\x07\x0a\x02\x07\x09\x03\x01"
    b"\x0a\x02\x08\x07\x09\x01\x00\x00\x08\x01\x05\x01\x08\x02\x06\x01\x08\x03\x07\x01\x01\x01\x05"
    b"\x02\x09\x08\x09\x08\x01\x01\x05\x02\x06\x02\x07\x05\x07\x09\x01\x05\x05\x06\x0a\x02\x06\x07"
    b"\x0a\x02\x07\x09\x03\x01\x0a\x02\x08\x07\x09\x01\x07\x0a\x04\x00\x00\x01\x01\x02\x02\x07\x81"
    b"\x05\x01\x01\x05\x02\x08\x01\x80\x07\x08\x06\x01\x83\x07\x04\x07\x01\x82\x07\x03\x08\x01\x07"
    b"\x02\x08\x05\x0e\x09\x01\x05\x05\x06\x0a\x02\x06\x07\x09\x01\x01\x07\x05\x08\x07\x01\x07\x07"
    b"\x0a\x02\x07\x09\x03\x00\x00\x01\x01\x02\x02\x07\x80\x05\x01\x01\x05\x02\x08\x01\x81\x07\x08"
    b"\x06\x01\x83\x07\x04\x07\x01\x82\x07\x03\x08\x01\x07\x05\x08\x09\x01\x05\x05\x06\x0a\x02\x06"
    b"\x07\x09\x01\x01\x07\x02\x08\x07\x0a\x02\x07\x09\x03\x00\x00\x01\x01\x02\x02\x07\x81\x05\x01"
    b"\x01\x05\x02\x08\x01\x80\x07\x08\x06\x01\x83\x07\x04\x07\x01\x82\x07\x03\x08\x01\x07\x02\x08"
    b"\x05\x0e\x09\x01\x05\x05\x06\x0a\x02\x06\x07\x09\x01\x07\x0a\x04\x01\x07\x05\x08\x07\x01\x07"
    b"\x07\x0a\x02\x07\x09\x03\x00\x00\x01\x01\x02\x02\x07\x80\x05\x01\x01\x05\x02\x08\x01\x81\x07"
    b"\x08\x06\x01\x83\x07\x04\x07\x01\x82\x07\x03\x08\x01\x07\x05\x08\x09\x01\x05\x05\x06\x0a\x02"
    b"\x06\x07\x09\x01\x07\x0a\x04\x01\x07\x02\x08\x07\x0a\x02\x07\x09\x03\x00\x00\x01\x01\x05\x02"
    b"\x09\x02\x02\x05\x0e\x0a\x03\x01\x07\x0a\x05\x03\x00\x07\x09\x06\x03\x02\x07\x04\x07\x01\x07"
    b"\x02\x03\x05\x0e\x09\x01\x05\x05\x06\x0a\x02\x06\x07\x09\x01\x01\x07\x05\x03\x07\x01\x07\x07"
    b"\x0a\x02\x07\x09\x03\x00\x00\x01\x01\x05\x02\x09\x02\x02\x05\x0e\x0a\x03\x00\x07\x0a\x05\x03"
    b"\x01\x07\x09\x06\x03\x02\x07\x04\x07\x01\x07\x05\x03\x09\x01\x05\x05\x06\x0a\x02\x06\x07\x09"
    b"\x01\x01\x07\x02\x03\x07\x0a\x02\x07\x09\x03\x00\x00\x01\x01\x05\x02\x09\x02\x02\x05\x0e\x0a"
    b"\x03\x01\x07\x0a\x05\x03\x00\x07\x09\x06\x03\x02\x07\x04\x07\x01\x07\x02\x03\x05\x0e\x09\x01"
    b"\x05\x05\x06\x0a\x02\x06\x07\x09\x01\x07\x0a\x04\x01\x07\x05\x03\x07\x01\x07\x07\x0a\x02\x07"
    b"\x09\x03\x00\x00\x01\x01\x05\x02\x09\x02\x02\x05\x0e\x0a\x03\x00\x07\x0a\x05\x03\x01\x07\x09"
    b"\x06\x03\x02\x07\x04\x07\x01\x07\x05\x03\x09\x01\x05\x05\x06\x0a\x02\x06\x07\x09\x01\x07\x0a"
    b"\x04\x01\x07\x02\x03\x07\x0a\x02\x07\x09\x03\x00\x00\x01\x01\x05\x02\x80\x02\x02\x05\x0e\x81"
    b"\x01\x03\x05\x03\x82\x01\x11\x07\x04\x83\x00\x00\x01\x01\x05\x02\x05\x02\x02\x05\x0e\x06\x01"
    b"\x13\x07\x05\x14\x07\x06\x15\x01\x01\x07\x02\x05\x01\x05\x07\x10\x16\x00\x00\x08\x0d\x05\x01"
    b"\x08\x05\x06\x02\x01\x0d\x07\x06\x07\x01\x05\x07\x07\x08\x08\x08\x05\x01\x01\x07\x07\x05\x06"
    b"\x08\x06\x05\x05\x01\x06\x07\x05\x07\x08\x07\x05\x0a\x01\x07\x07\x05\x06\x08\x06\x05\x14\x01"
    b"\x06\x07\x05\x09\x08\x09\x05\x0a\x01\x07\x07\x05\x06\x08\x06\x05\x32\x01\x06\x07\x05\x07\x08"
    b"\x07\x05\x64\x01\x07\x07\x05\x09\x08\x09\x05\x32\x01\x06\x07\x05\x07\x08\x07\x05\x05\x01\x08"
    b"\x07\x05\x0d\x00\x00\x08\x02\x05\x01\x01\x0f\x02\x05\x05\x0e\x0b\x01\x10\x07\x05\x06\x01\x0f"
    b"\x05\x06\x0c\x08\x0c\x05\x01\x01\x0c\x07\x05\x0a\x08\x0a\x05\x01\x01\x0c\x07\x05\x06\x01\x0b"
    b"\x07\x06\x0d\x08\x0d\x05\x01\x08\x05\x06\x02\x01\x0d\x07\x06\x07\x01\x05\x07\x07\x08\x08\x08"
    b"\x05\x01\x01\x07\x07\x05\x06\x08\x06\x05\x05\x01\x06\x07\x05\x07\x08\x07\x05\x0a\x01\x07\x07"
    b"\x05\x06\x08\x06\x05\x14\x01\x06\x07\x05\x09\x08\x09\x05\x0a\x01\x07\x07\x05\x06\x08\x06\x05"
    b"\x32\x01\x06\x07\x05\x07\x08\x07\x05\x64\x01\x07\x07\x05\x09\x08\x09\x05\x32\x01\x06\x07\x05"
    b"\x07\x08\x07\x05\x02\x01\x0d\x07\x05\x07\x01\x0b\x07\x0a\x05\x01\x05\x07\x07\x01\x08\x01\x05"
    b"\x01\x01\x0c\x07\x05\x06\x00\x00\x01\x01\x07\x12\x05\x01\x0e\x05\x05\x01\x00\x00\x01\x0d\x07"
    b"\x01\x05\x07\x02\x06\x01\x0e\x05\x05\x01\x05\x06\x02\x00\x00\x01\x03\x07\x16\x0d\x00\x00\x01"
    b"\x0d\x07\x16\x05\x07\x03\x08\x01\x05\x07\x01\x06\x07\x02\x07\x01\x08\x07\x14\x0b\x07\x15\x0c"
    b"\x01\x0e\x05\x06\x01\x05\x07\x02\x00\x00\x01\x0e\x05\x0f\x03\x01\x01\x07\x02\x04\x00\x00\x08"
    b"\x01\x05\x01\x08\x02\x06\x01\x01\x05\x02\x06\x05\x0e\x0b\x01\x05\x07\x06\x07\x01\x10\x07\x07"
    b"\x08\x01\x0f\x05\x08\x0c\x00\x00\x01\x01\x02\x0e\x05\x0e\x01\x01\x04\x02\x0e\x05\x0e\x04\x00"
    b"\x00\x01\x0d\x02\x0e\x05\x0e\x0d\x00\x00\x01\x0e\x05\x0e\x01\x05\x0f\x02\x05\x0f\x03\x05\x0e"
    b"\x04\x00\x00\x04\x01\x01\x02\x05\x01\x05\x02\x01\x05\x0e\x06\x01\x03\x05\x04\x07\x01\x07\x07"
    b"\x06\x07\x01\x04\x02\x03\x07\x05\x08\x01\x07\x05\x08\x09\x02\x08\x05\x0e\x0a\x08\x09\x03\x01"
    b"\x08\x0a\x09\x01\x01\x0b\x07\x09\x04\x08\x05\x09\x01\x08\x06\x0a\x01\x01\x0a\x07\x09\x01\x02"
    b"\x09\x05\x0e\x05\x01\x09\x06\x05\x06\x01\x05\x07\x06\x02\x00\x00\x04\x01\x01\x0e\x05\x02\x0d"
    b"\x00\x00\x01\x0e\x05\x0f\x01\x05\x0e\x02\x05\x0b\x03\x05\x0f\x04\x00\x00\x01\x0d\x07\x01\x05"
    b"\x01\x0e\x05\x05\x01\x00\x00"
)
