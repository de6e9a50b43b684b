# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads result files and checks that they are what they should be."""
import json

import h5py
import numpy as np

from kramers_plot import damage
from kramers_plot.errors import BadData, PlotError
from kramers_plot.units import Units


class ResultFile:
    """One HDF5 file that an app of kramers has written, open for reading.

    Raises PlotError where it cannot be read and BadData where its contents are not as documented.
    """

    def __init__(self, path):
        self.path = path
        if not path.is_file():
            raise BadData(f"{path}: there is no such file; give the file that a run has written with --output")
        try:
            whole = damage.heaps_are_whole(path)
            self._file = h5py.File(path, "r")
        except PermissionError:
            raise PlotError(f"{path}: may not be read; check its permissions") from None
        except OSError as error:
            cut = "it is truncated" if "truncated" in str(error) else "its beginning is lost, or it is another file"
            raise PlotError(f"{path}: is not a whole HDF5 file, {cut}; repeat the run, or give the file that it has "
                            "written with --output") from None
        if not whole:
            self._file.close()
            raise BadData(f"{path}: is damaged where its texts stand; repeat the run")
        self.provenance = self._json("provenance")
        self.summary = self._json("summary")
        self.units = Units(self.summary, path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def has(self, name):
        return name in self._file

    def holds(self, name):
        """Is there such a group, or such a dataset with anything in it?"""
        return self.has(name) and not (isinstance(self._file[name], h5py.Dataset) and not self._file[name].size)

    def text(self, name):
        """A text of the file: attribute or, where it may be long, dataset. Empty if there is none."""
        value = self._file.attrs.get(name)
        if value is None and isinstance(self._file.get(name), h5py.Dataset):
            value = self._file[name][()]
        return decoded(value) if isinstance(value, (str, bytes)) else ""

    def attribute(self, group, name):
        """What is attached to a group: a text, a number, or a list of them; None where there is no such thing."""
        value = self._file[group].attrs.get(name) if group in self._file else None
        return decoded(value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value)

    def number(self, group, name):
        """A number that is attached to a group; None where there is none or it is not finite."""
        value = self.attribute(group, name)
        return value if isinstance(value, (int, float)) and np.isfinite(value) else None

    def parameter(self, name):
        """A parameter of the run; None where the file does not tell it."""
        return self.attribute("parameters", name)

    def overdamped(self):
        """Do the walkers have no velocity? Schemes for those that have are spelled with the letters A, B and O."""
        return not set(str(self.parameter("scheme") or "o").lower()) <= set("abo")

    def partial(self):
        """"partial: 35 % of the run" where the run was not through; else nothing."""
        steps = self.summary.get("partial")
        numbers = [steps.get(name) for name in ("steps", "of")] if isinstance(steps, dict) else []
        if not numbers or not all(isinstance(number, int) and number > 0 for number in numbers):
            return ""
        return f"partial: {100 * numbers[0] // numbers[1]} % of the run"

    def shape(self, dataset):
        return self._dataset(dataset).shape

    def array(self, dataset, dimensions, selection=()):
        """The numbers of a dataset that must have this many dimensions, as float64."""
        source = self._dataset(dataset)
        if source.dtype.kind not in "fiu":
            raise BadData(f"{self.path}: /{dataset} does not hold numbers; repeat the run")
        if source.ndim != dimensions or 0 in source.shape:
            raise BadData(f"{self.path}: /{dataset} has extents {source.shape}, which must be {dimensions} and none "
                          "of them zero; repeat the run")
        if not damage.stores(source):
            raise BadData(f"{self.path}: the data of /{dataset} are not all there; repeat the run")
        wanted = source.attrs.get("checksum")
        try:
            values = source[selection if wanted is None else ()]
        except OSError:
            raise PlotError(f"{self.path}: /{dataset} cannot be read, it is damaged; repeat the run") from None
        if wanted is not None:
            if damage.checksum(values) != int(wanted):
                raise BadData(f"{self.path}: the data of /{dataset} do not match their checksum; repeat the run")
            values = values[selection]
        return values.astype(np.float64)

    def columns(self, group, *names, unknown=()):
        """Datasets of one group that must be of the same length; all values of the `unknown` ones may be NaN."""
        result = [self.array(f"{group}/{name}", 1) for name in names]
        for name, column in zip(names, result):
            if column.size != result[0].size:
                raise BadData(f"{self.path}: /{group}/{name} has {column.size} values, but {names[0]} has "
                              f"{result[0].size}; repeat the run")
            if name not in unknown and not np.isfinite(column).any():
                raise BadData(f"{self.path}: /{group}/{name} holds no finite number; run longer")
        return result

    def times(self, element, length):
        """Times of an H5MD element: one per frame, or a fixed interval with an offset."""
        name = f"{element}/time"
        source = self._dataset(name)
        if source.shape == ():
            return float(source.attrs.get("offset", 0.0)) + float(source[()]) * np.arange(length)
        time = self.array(name, 1)
        if time.size != length:
            raise BadData(f"{self.path}: /{name} has {time.size} values for {length} frames; repeat the run")
        return time

    def _dataset(self, name):
        found = self._file.get(name)
        if not isinstance(found, h5py.Dataset):
            raise BadData(f"{self.path}: lacks the dataset /{name}; repeat the run with this version of kramers")
        return found

    def _json(self, name):
        try:
            found = json.loads(self.text(name) or "{}")
        except (ValueError, RecursionError):
            raise BadData(f"{self.path}: the text {name} is damaged; repeat the run") from None
        return found if isinstance(found, dict) else {}


def decoded(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
