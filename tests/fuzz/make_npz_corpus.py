#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write the seeds in tests/fuzz/corpus/npz: archives of NumPy and single arrays, the same bytes on every machine."""
import io
from pathlib import Path
import struct
import zipfile

FOLDER = Path(__file__).resolve().parent / "corpus" / "npz"


def npy(descr, shape, data, by_columns=False, version=1):
    header = f"{{'descr': '{descr}', 'fortran_order': {by_columns}, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def npz(arrays, method=zipfile.ZIP_STORED, zip64=True):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in arrays.items():
            info = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            with archive.open(info, "w", force_zip64=zip64) as member:
                member.write(data)
    return buffer.getvalue()


def main():
    x = npy("<f8", (4, 2), struct.pack("<8d", 1, 2, 3, 4, 5, 6, 7, 8))
    seeds = {
        "stored": npz({"X": x, "y": npy("<i8", (4,), struct.pack("<4q", 0, 1, 1, 0))}),
        "deflated": npz({"X": npy("<f4", (4, 2), struct.pack("<8f", *range(8)), by_columns=True, version=2),
                         "y": npy("|u1", (4,), bytes([0, 1, 2, 1]))}, zipfile.ZIP_DEFLATED),
        "plain": npz({"X": npy("<i2", (2, 3), struct.pack("<6h", *range(-3, 3))),
                      "y": npy("<u4", (2,), struct.pack("<2I", 1, 0)), "other": b"?"}, zip64=False),
        "array": x,
        "array_2": npy("|i1", (3, 1), bytes([255, 0, 1]), by_columns=True, version=2),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in seeds.items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
