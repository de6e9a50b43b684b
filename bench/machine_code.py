# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads machine code of sm_90 out of objects that nvcc made with --compress-mode=none: what it executes, and its loops.

NVIDIA publishes the names of the instructions (CUDA Binary Utilities) but not their encoding. What is used of it here:
16 bytes each, the operation in the lowest 9 bits, above it 3 for the form of the operands and 4 for a predicate, and how
far a branch goes. The numbers were found by comparing nvcc's output with the PTX beside it. Those of add, multiply, fma, wide
multiply, load and store agree with the PTX of whole kernels; others may bear a wrong name, which moves them between columns
and changes neither totals nor the bound by issue slots.
"""

import collections
import dataclasses
import pathlib
import struct

# The pipe that executes each operation, on this architecture (Nsight Compute, "Pipelines"; its FMA pipe is two, of which
# one takes the integer multiply-adds too). Conversions, of which the pipes are not known for certain, are with "other".
PIPES = {
    "FP64": "028 DMUL 029 DADD 02a DSETP 02b DFMA",
    "FP32": "020 FMUL 021 FADD 023 FFMA 030 HADD2 031 HFMA2 032 HMUL2 035 HFMA2.MMA",
    "IMAD": "024 IMAD 025 IMAD.WIDE 026 IDP 027 IMAD.HI",
    "ALU": "002 MOV 007 SEL 008 FSEL 009 FMNMX 00b FSETP 00c ISETP 010 IADD3 011 LEA 012 LOP3 013 IABS 016 PRMT"
           " 017 IMNMX 019 SHF 01c PLOP3 036 VIADD 046 VIADDMNMX 048 VIMNMX",
    "MUFU": "108 MUFU",
    "memory": "180 LD 181 LDG 183 LDL 184 LDS 185 ST 186 STG 187 STL 188 STS 189 SHFL 18a ATOM 18b ATOM 18c ATOMS 18e RED"
              " 1a8 ATOMG 1a9 ATOMG",
    "other": "003 P2R 005 CS2R 006 VOTE 03e F2FP 045 I2FP 0ca R2UR 100 FLO 101 BREV 102 FCHK 104 F2F 105 F2I 106 I2F 107 FRND"
             " 109 POPC 110 F2F.64 111 F2I.64 112 I2F.64 113 FRND.64 118 NOP 119 S2R 11c B2R 11d BAR 141 BSYNC 142 BREAK 143 CALL"
             " 144 CALL 145 BSSY 146 YIELD 147 BRA 148 WARPSYNC 14d EXIT 150 RET 182 LDC 18f CCTL 192 MEMBAR 1a1 MATCH 1ab ERRBAR"
             " 1c3 S2UR 1c4 REDUX",
}
NAMES, PIPE_OF = {}, {"U*": "other"}
for _pipe, _list in PIPES.items():
    for _code, _name in zip(_list.split()[::2], _list.split()[1::2]):
        NAMES[int(_code, 16)] = _name
        PIPE_OF[_name] = _pipe
CALLS = {"CALL", "RET"}  # slow paths of division and square root are functions
WRITES = {"ST", "STG", "STL", "STS", "ATOM", "ATOMS", "ATOMG", "RED"}
MULTIPLY_ADDS = {"FFMA", "DFMA"}


@dataclasses.dataclass(frozen=True)
class Block:
    """Instructions without a branch between them, and the addresses of the blocks that may be next."""

    names: tuple[str, ...]
    next: tuple[int, ...]


def name_of(word: int) -> str:
    """Operations 080 to 0bf are those of the uniform datapath, for a warp as a whole."""
    operation = word & 0x1FF
    return NAMES.get(operation, "U*" if 0x80 <= operation < 0xC0 else f"{operation:03x}?")


def code_of(objects: set[pathlib.Path]) -> dict[str, bytes]:
    """The code of each kernel by its symbol: sections .text.SYMBOL of the ELF files (machine 190) inside the objects."""
    code = {}
    for path in sorted(objects):
        data = path.read_bytes()
        begin = data.find(b"\x7fELF")
        while begin >= 0:
            if struct.unpack_from("<H", data, begin + 18)[0] == 190:
                sections = struct.unpack_from("<Q", data, begin + 40)[0]
                size, count, names = struct.unpack_from("<HHH", data, begin + 58)
                table = [struct.unpack_from("<IIQQQQ", data, begin + sections + i * size) for i in range(count)]
                for name, _, _, _, at, length in table:
                    text = begin + table[names][4] + name
                    name = data[text: data.index(b"\0", text)].decode()
                    if name.startswith(".text."):
                        code[name.removeprefix(".text.")] = data[begin + at: begin + at + length]
            begin = data.find(b"\x7fELF", begin + 1)
    return code


def blocks(code: bytes) -> dict[int, Block]:
    """The code cut at branches and their targets, by address."""
    words = list(struct.iter_unpack("<QQ", code))
    names = [name_of(low) for low, _ in words]
    target = {}
    for i, (low, high) in enumerate(words):
        if names[i] == "BRA":
            distance = ((low >> 34 | (high & 0x3FFFF) << 30) ^ 1 << 47) - (1 << 47)
            target[i] = i + 1 + (distance * 256 + (low >> 16 & 0xFF)) // 4
    ends = {i + 1 for i, name in enumerate(names) if name in CALLS | {"BRA", "EXIT"}}
    heads = sorted({0, len(words)} | {i for i in ends | set(target.values()) if 0 <= i <= len(words)})
    result = {}
    for head, end in zip(heads, heads[1:]):
        low, high = words[end - 1]
        always = low >> 12 & 15 == 7 and (names[end - 1] != "BRA" or high >> 23 & 15 == 7)
        after = [target[end - 1]] if end - 1 in target else []
        after += [] if always and names[end - 1] in {"BRA", "EXIT", "RET"} else [end]
        result[head] = Block(tuple(names[head:end]), tuple(after))
    return result


def hot_loop(code: bytes, avoided: set[str], needed: collections.Counter) -> collections.Counter | None:
    """Instructions of one turn of the shortest loop with what is needed in it, by name; None if there is none.

    Of all ways through a loop that go forward and meet nothing avoided, the one with most multiply-adds counts, and of
    those with as many the shortest: what a thread does that needs no slow path. A loop with another one on that way is
    not looked at: how often it turns is not known.
    """
    cut, shortest, best = blocks(code), len(code), None
    for last, block in cut.items():
        for first in block.next:
            if first > last or last - first >= shortest:
                continue
            ways = {}  # from a block to the last one: (multiply-adds, - instructions, blocks)
            for at in sorted((i for i in cut if first <= i <= last and not avoided & set(cut[i].names)), reverse=True):
                ahead = [ways[i] for i in cut[at].next if i > at and i in ways] if at != last else [(0, 0, [])]
                if ahead:
                    adds, length, way = max(ahead)
                    names = cut[at].names
                    ways[at] = (adds + sum(n in MULTIPLY_ADDS for n in names), length - len(names), [at] + way)
            way = ways[first][2] if first in ways else []
            turn = collections.Counter(name for at in way for name in cut[at].names)
            loops_on_the_way = any(i in way and i <= at for at in way[:-1] for i in cut[at].next)
            if way and turn >= needed and not loops_on_the_way:
                shortest, best = last - first, turn
    return best
