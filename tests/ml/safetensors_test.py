# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files of ours in Python's package safetensors, and the other way round.

usage: safetensors_test.py TOOL [unittest's words]
"""
import importlib.util
import json
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

if any(importlib.util.find_spec(name) is None for name in ("numpy", "safetensors")):
    print("skipped: this Python has no numpy or no safetensors")
    sys.exit(77)

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

TOOL = sys.argv.pop(1)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kramers-safetensors-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_tool(self, *words):
        return subprocess.run([TOOL, *map(str, words)], capture_output=True, text=True, timeout=60)

    def assert_same(self, found, wanted):
        self.assertEqual(set(found), set(wanted))
        for name, array in wanted.items():
            with self.subTest(name=name):
                self.assertEqual(found[name].dtype, array.dtype)
                self.assertEqual(found[name].shape, array.shape)
                self.assertEqual(found[name].tobytes(), array.tobytes())

    def test_python_reads_ours(self):
        path = self.folder / "ours.safetensors"
        self.assertEqual(self.run_tool("write", path).returncode, 0)
        wanted = {"f32": np.arange(-1.5, 4.5, dtype=np.float32).reshape(2, 3),
                  "f64": np.cumsum([0.1] + 5 * [1.0]).reshape(3, 1, 2),
                  "i64": np.array(-2**63),
                  "u64": np.array([2**64 - 2, 2**64 - 1], dtype=np.uint64),
                  "empty": np.zeros((0, 4), dtype=np.float32),
                  "\u00e9\n": np.zeros(1, dtype=np.float32)}
        self.assert_same(load_file(path), wanted)
        with safe_open(path, framework="np") as file:
            metadata = file.metadata()
        content = path.read_bytes()
        begin = 8 + struct.unpack("<Q", content[:8])[0]
        self.assertEqual(begin % 64, 0)
        digits = content.index(b'"kramers.checksum":"') + len(b'"kramers.checksum":"')
        without = content[:digits] + b"00000000" + content[digits + 8:]
        self.assertEqual(metadata, {"key": "text", "quote": '"\u20ac"',
                                    "kramers.checksum": f"{zlib.crc32(without):08x}"})

    def test_we_read_pythons(self):
        random = np.random.default_rng(5)
        wanted = {f"layer.{dtype}.{rank}": random.integers(0, 2, size=rank * (3,)).astype(dtype)
                  for dtype in ("bool", "u1", "i1", "i2", "u2", "f2", "i4", "u4", "f4", "f8", "i8", "u8")
                  for rank in range(4)}
        wanted |= {f"random.{dtype}": random.normal(size=(7, 5)).astype(dtype) for dtype in ("f2", "f4", "f8")}
        theirs, ours = self.folder / "theirs", self.folder / "ours"
        for metadata in ({}, {"format": "np", "": "\u00e9"}):
            save_file(wanted, theirs, metadata=metadata)
            result = self.run_tool("copy", theirs, ours)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assert_same(load_file(ours), wanted)
            with safe_open(ours, framework="np") as file:
                found = file.metadata()
            del found["kramers.checksum"]
            self.assertEqual(found, metadata)

    def test_weights_are_a_state_dict(self):
        path = self.folder / "weights.safetensors"
        self.assertEqual(self.run_tool("weights", path).returncode, 0)
        wanted, first = {}, 1
        for name, shape in {"0.weight": (3, 2), "0.bias": (3,), "2.weight": (3,), "2.bias": (3,), "3.weight": (2, 3),
                            "3.bias": (2,), "2.running_mean": (3,), "2.running_var": (3,)}.items():
            size = int(np.prod(shape))
            wanted[name] = np.arange(first, first + size, dtype=np.float32).reshape(shape)
            first += size
        self.assert_same(load_file(path), wanted | {"2.num_batches_tracked": np.array(7)})

    @unittest.skipIf(importlib.util.find_spec("torch") is None, "this Python has no torch")
    def test_torch_takes_the_state_dict(self):
        from safetensors.torch import load_file as load_torch
        from torch import nn
        path = self.folder / "weights.safetensors"
        self.assertEqual(self.run_tool("weights", path).returncode, 0)
        network = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.BatchNorm1d(3), nn.Linear(3, 2))
        network.load_state_dict(load_torch(path))  # strict: all names, and no others
        self.assertEqual(network[0].weight.tolist(), [[1, 2], [3, 4], [5, 6]])

    def test_both_refuse_the_same_damage(self):
        """Where Python's package refuses a file, so do we, with its name and without leaving another."""
        good = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
        path, other = self.folder / "damaged", self.folder / "other"
        for what, header, data in (
                ("truncated", good, 7), ("too long", good, 9), ("not JSON", "{", 0), ("a list", [], 0),
                ("dtype", {"a": good["a"] | {"dtype": "F33"}}, 8),
                ("shape", {"a": good["a"] | {"shape": [3]}}, 8),
                ("negative", {"a": good["a"] | {"shape": [-2]}}, 8),
                ("overflow", {"a": good["a"] | {"shape": [2**63, 2**63]}}, 8),
                ("hole", {"a": good["a"], "b": good["a"] | {"data_offsets": [12, 20]}}, 20),
                ("overlap", {"a": good["a"], "b": good["a"] | {"data_offsets": [4, 12]}}, 12),
                ("backwards", {"a": good["a"] | {"data_offsets": [8, 0]}}, 8)):
            with self.subTest(what):
                text = header if isinstance(header, str) else json.dumps(header)
                path.write_bytes(struct.pack("<Q", len(text)) + text.encode() + bytes(data))
                with self.assertRaises(Exception):
                    load_file(path)
                result = self.run_tool("copy", path, other)
                self.assertEqual(result.returncode, 1)
                self.assertTrue(result.stderr.startswith(f"{path}: "), result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1)
                self.assertFalse(other.exists())


if __name__ == "__main__":
    unittest.main()
