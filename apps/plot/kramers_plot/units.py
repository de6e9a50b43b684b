# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The units in which the numbers of a file stand, as figures name them."""
from kramers_plot.errors import BadData

# Base units as formulas; other dimensions are products of them. Figures of reduced runs show energies over kT.
SYSTEMS = {
    "reduced": {"length": r"$l_0$", "time": r"$\tau$", "energy": "energy", "velocity": r"$l_0/\tau$",
                "inverse_time": r"$\tau^{-1}$", "inverse_length": r"$l_0^{-1}$", "area": r"$l_0^2$",
                "amplification": r"$l_0^4$ energy$^{-2}$"},
    "md": {"length": "nm", "time": "ps", "energy": "kJ mol$^{-1}$", "velocity": "nm ps$^{-1}$",
           "inverse_time": "ps$^{-1}$", "inverse_length": "nm$^{-1}$", "area": "nm$^2$",
           "amplification": "nm$^4$ kJ$^{-2}$ mol$^2$"},
    "lj": {"length": r"$\sigma$", "time": r"$\tau$", "energy": r"$\epsilon$", "velocity": r"$\sigma/\tau$",
           "inverse_time": r"$\tau^{-1}$", "inverse_length": r"$\sigma^{-1}$", "area": r"$\sigma^2$",
           "amplification": r"$\sigma^4\epsilon^{-2}$"},
}
THERMAL = "$kT$"
# Rates of rare events read best over the longest of these times in which they are no small number.
LONGER = ((1e3, "ns$^{-1}$"), (1e6, "\N{MICRO SIGN}s$^{-1}$"), (1e9, "ms$^{-1}$"))
LEAST_RATE = 1e-2


class Units:
    """Names of units and labels of axes. An axis of a reduced run reads "time $t$ [$\\tau$]", others "time $t$ / ps".

    Raises BadData where a file names a system that is none.
    """

    def __init__(self, summary, path):
        told = summary.get("units", {})
        self.system = told.get("system", "reduced") if isinstance(told, dict) else None
        if not isinstance(self.system, str) or self.system not in SYSTEMS:
            raise BadData(f"{path}: its summary names the units {self.system!r}, which are none of "
                          f"{', '.join(SYSTEMS)}; repeat the run with this version of kramers")
        self._names = SYSTEMS[self.system]

    def is_reduced(self):
        return self.system == "reduced"

    def __getitem__(self, dimension):
        return self._names[dimension]

    def beside(self, unit):
        """A unit as it follows the quantity of an axis."""
        return f"[{unit}]" if self.is_reduced() else f"/ {unit}"

    def label(self, quantity, symbol, dimension):
        """The label of an axis; the symbol may be None."""
        return " ".join([quantity, *([f"${symbol}$"] if symbol else []), self.beside(self[dimension])])

    def rate(self, value):
        """A factor and the name of a unit with which a rate, in the file's own unit, is easy to read."""
        factor, name = 1.0, self["inverse_time"]
        for longer in LONGER if self.system == "md" else ():
            if abs(value) * factor >= LEAST_RATE or value == 0:
                break
            factor, name = longer
        return factor, name

    def rate_text(self, form, value, *others):
        """A rate with its unit, as `form` writes it and the numbers that belong to it."""
        factor, name = self.rate(value)
        return f"{form(factor * value, *(None if one is None else factor * one for one in others))} {name}"
