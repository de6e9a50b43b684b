#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Susceptibility of overdamped walkers in the double well (x^2 - 1)^2 to a weak uniform force A cos(w t).

Linear response of the Smoluchowski equation (Gammaitoni et al., Rev. Mod. Phys. 70, 223 (1998), section II; Risken, The
Fokker-Planck Equation, chapter 7): p = p0 + A Re(p1 exp(i w t)) with (i w - L) p1 = -d/dx p0 / drag, and chi = integral of
x p1. On cells of width h with the flux between neighbours that leaves exp(-V / kT) alone; errors fall as h^2, and two grids are
extrapolated. Checked against the harmonic well, where chi = 1 / (k + i drag w).

usage: driven_double_well.py [--check]
"""
import math
import sys


def susceptibility(energy, kT, drag, omega, lower, upper, cells):
    h = (upper - lower) / cells
    centre = [lower + (i + 0.5) * h for i in range(cells)]
    weight = [math.exp(-energy(x) / kT) for x in centre]
    total = sum(weight)
    p0 = [w / total for w in weight]  # probability of each cell
    diffusion = kT / drag / h**2
    # Rates from cell to cell: D / h^2 sqrt(w_j / w_i), in detailed balance with p0.
    up = [diffusion * math.sqrt(weight[i + 1] / weight[i]) for i in range(cells - 1)] + [0.0]
    down = [0.0] + [diffusion * math.sqrt(weight[i - 1] / weight[i]) for i in range(1, cells)]
    # A force changes the logarithm of each rate by +- h / (2 kT).
    flux = [up[i] * p0[i] * h / kT for i in range(cells - 1)]  # up p0 / 2 kT there and down p0 / 2 kT back
    source = [(flux[i - 1] if i > 0 else 0.0) - (flux[i] if i < cells - 1 else 0.0) for i in range(cells)]
    diagonal = [1j * omega + up[i] + down[i] for i in range(cells)]
    below = [-up[i - 1] if i > 0 else 0.0 for i in range(cells)]  # row i, column i - 1
    above = [-down[i + 1] if i < cells - 1 else 0.0 for i in range(cells)]
    for i in range(1, cells):
        factor = below[i] / diagonal[i - 1]
        diagonal[i] -= factor * above[i - 1]
        source[i] -= factor * source[i - 1]
    p1 = [0j] * cells
    for i in reversed(range(cells)):
        p1[i] = (source[i] - (above[i] * p1[i + 1] if i < cells - 1 else 0.0)) / diagonal[i]
    return sum(x * p for x, p in zip(centre, p1))


def extrapolated(energy, kT, drag, omega, lower, upper, cells=1500):
    coarse, fine = (susceptibility(energy, kT, drag, omega, lower, upper, n) for n in (cells, 2 * cells))
    return (4 * fine - coarse) / 3


CHI = 0.2617439 - 0.5273420j  # that of response_test.cpp


def main() -> int:
    k, drag, omega = 3.0, 2.0, 0.8
    found, exact = extrapolated(lambda x: k * x * x / 2, 0.5, drag, omega, -5, 5), 1 / complex(k, drag * omega)
    harmonic = abs(found - exact) < 1e-6 * abs(exact)
    chi = extrapolated(lambda x: (x * x - 1) ** 2, 0.5, 1.0, 2 * math.pi / 10, -2.8, 2.8)
    agree = abs(chi - CHI) < 1e-6 * abs(chi)
    print(f"harmonic well: {found:.7f}, exact {exact:.7f}{'' if harmonic else '  DIFFERENT'}")
    print(f"double well, kT = 0.5, drag 1, period 10: {chi:.7f}, the test uses {CHI:.7f}{'' if agree else '  DIFFERENT'}")
    return 1 if "--check" in sys.argv and not (harmonic and agree) else 0


if __name__ == "__main__":
    sys.exit(main())
