# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a file claims about itself is compared with its bytes before HDF5 or NumPy believe it."""
import mmap

import numpy as np

HEAP = b"GCOL\x01\0\0\0"  # HDF5 File Format Specification 3.0, section III.E: the global heap, which has no checksum


def mix(z):
    """The finaliser of SplitMix64 (kramers/base/hash.hpp)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
    return z ^ (z >> np.uint64(31))


def checksum(values):
    """The checksum that kramers leaves with a dataset: a sum over elements of a hash of (index, bytes)."""
    size = values.dtype.itemsize
    flat = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).reshape(-1)
    total, step = np.uint64(0), 1 << 20
    with np.errstate(over="ignore"):
        for first in range(0, flat.size, step):
            words = flat[first:first + step].view(f"<u{size}").astype(np.uint64)
            index = np.arange(first, first + words.size, dtype=np.uint64)
            total += mix(mix(index + np.uint64(0x9e3779b97f4a7c15)) ^ words).sum(dtype=np.uint64)
    return int(total)


def heaps_are_whole(path):
    """Do the objects of each heap of texts fill it? HDF5 would search a heap in which one has no size forever."""
    with open(path, "rb") as file:
        if not file.seek(0, 2):
            return True
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            at = content.find(HEAP)
            while at >= 0:
                end = at + number(content, at + 8, 8)
                place = at + 16
                if not place <= end <= len(content):
                    return False
                while place + 16 <= end:
                    index, size = number(content, place, 2), number(content, place + 8, 8)
                    step = size if index == 0 else 16 + (size + 7) // 8 * 8
                    if step < 16 or place + step > end or (index == 0 and place + step != end):
                        return False
                    place += step
                at = content.find(HEAP, end)
    return True


def number(content, at, size):
    return int.from_bytes(content[at:at + size], "little")


def stores(dataset):
    """Are the data that a dataset claims to have in this file? HDF5's strongest filter makes 1032 bytes of one."""
    with_filters = 2000 if dataset.chunks else 1
    size = dataset.size * dataset.dtype.itemsize
    return not dataset.external and not dataset.is_virtual and size <= with_filters * dataset.id.get_storage_size()
