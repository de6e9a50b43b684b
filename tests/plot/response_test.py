#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the figure of driven walkers."""
import tempfile
import unittest
from pathlib import Path

import shared  # ends with 77 where modules are missing
import fixtures
import h5py
import numpy as np
from kramers_plot import response
from kramers_plot.errors import BadData

PERIOD, PHASE, AMPLITUDE, LAG, MEAN = 40.0, 0.3, 0.08, 0.9, -0.02


def driven(path):
    """Sixteen phases of a mean that follows the force without noise."""
    time = np.arange(16) * PERIOD / 16
    with h5py.File(path, "w") as file:
        fixtures.head(file, "kramers-langevin")
        file["parameters"].attrs.update(drive_amplitude=0.1, drive_period=PERIOD, drive_phase=PHASE, drive_coordinate=0)
        group = file.create_group("kramers/response")
        angle = 2 * np.pi * time / PERIOD + PHASE
        group.attrs.update(amplitude=AMPLITUDE, amplitude_error=0.002, phase_lag=LAG, phase_lag_error=0.02, frames=320)
        for name, series in (("time", time), ("position", MEAN + AMPLITUDE * np.cos(angle - LAG)),
                             ("error", np.full(16, 0.003)), ("force", 0.1 * np.cos(angle))):
            group[name] = series


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    shared.WithFiles.files = Path(folder.name)
    driven(shared.WithFiles.files / "driven.h5")


class Response(shared.WithFiles):
    def test_the_harmonic_goes_through_a_mean_without_noise(self):
        axes, beside = self.draw(response.response, self.files / "driven.h5").axes
        points, harmonic = axes.containers[0].lines[0], axes.lines[-1]
        with h5py.File(self.files / "driven.h5") as file:
            np.testing.assert_array_equal(points.get_ydata(), file["kramers/response/position"][:])
        np.testing.assert_allclose(np.interp(points.get_xdata(), *harmonic.get_data()), points.get_ydata(), atol=1e-5)
        force = beside.lines[0]
        self.assertEqual((force.get_ydata()[0], force.get_xdata()[-1]), (np.cos(PHASE), PERIOD))
        self.assertIn("amplitude 0.0800(20) $l_0$, lag 0.900(20) rad", shared.legend(axes))

    def test_noise_has_no_harmonic(self):
        def unseen(file):
            for name in ("amplitude", "amplitude_error", "phase_lag", "phase_lag_error"):
                del file["kramers/response"].attrs[name]
        axes, _ = self.draw(response.response, self.changed("driven", unseen)).axes
        self.assertNotIn("amplitude", shared.legend(axes))

    def test_times_outside_the_period_are_refused(self):
        for change in (lambda file: file["parameters"].attrs.update(drive_period=30.0),
                       lambda file: file["parameters"].attrs.update(drive_period=-1.0),
                       lambda file: file["parameters"].attrs.__delitem__("drive_phase")):
            with self.assertRaisesRegex(BadData, "outside the period"):
                self.draw(response.response, self.changed("driven", change))

    def test_the_program_draws_it(self):
        answer = shared.Answer(self.files / "driven.h5", "--output-dir", self.own, "--format", "png", "--dpi", 30)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertEqual([path.name for path in self.own.iterdir()], ["driven_response.png"])


if __name__ == "__main__":
    unittest.main()
