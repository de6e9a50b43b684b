#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many heads are there in coin_tosses of arrays_bench? Philox4x32-10 written anew, after its paper (Salmon et al., SC11).

usage: coin_tosses.py TOSSES    (a multiple of 4; needs NumPy)
"""
import sys

import numpy as np

SEED = 2026
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = 0x9E3779B9, 0xBB67AE85
LOW, HALF, TOP = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(31)


def philox(counters):
    """Four words of 32 bits of each counter (number, 0, 0, 0)."""
    a, b = counters & LOW, counters >> HALF
    c, d = np.zeros_like(a), np.zeros_like(a)
    keys = [SEED & 0xFFFFFFFF, SEED >> 32]
    for _ in range(10):
        p, q = MULTIPLIERS[0] * a, MULTIPLIERS[1] * c
        a, b, c, d = (q >> HALF) ^ b ^ np.uint64(keys[0]), q & LOW, (p >> HALF) ^ d ^ np.uint64(keys[1]), p & LOW
        keys = [(key + weyl) & 0xFFFFFFFF for key, weyl in zip(keys, WEYL)]
    return a, b, c, d


def heads(tosses):
    """Words whose highest bit is set, of the blocks 0 ... tosses / 4 - 1."""
    total, blocks, step = 0, tosses // 4, 1 << 20
    for first in range(0, blocks, step):
        numbers = np.arange(first, min(first + step, blocks), dtype=np.uint64)
        total += sum(int((word >> TOP).sum()) for word in philox(numbers))
    return total


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdigit() or int(sys.argv[1]) % 4:
        sys.exit(__doc__)
    print(heads(int(sys.argv[1])))
