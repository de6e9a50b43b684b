#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-bench peers, rates of rare events: the verdict on a rate, the time to the same error, and that another rate than the
exact one is seen. Asserts no times."""

import ast
import math
import pathlib
import tempfile
import unittest

import support  # noqa: F401  finds kramers_bench
from kramers_bench import peers, rare_peers

ONE_BLOCK = peers.Size(walkers=3, blocks=1, steps=1, epochs=1, repeats=16, kramers_steps=1)


class Rare:
    """Stands in for kramers-rare: start and end take 0.2 s of processor time, a repeat 0.1 s, whose error is 20 %."""

    def __init__(self, rate=rare_peers.RATE, exact=rare_peers.RATE):
        self.size, self.rate, self.exact = ONE_BLOCK, rate, exact

    def program(self, name, precision, keys):
        count = keys["rare.repeats"]
        rate = {"value": self.rate, "stderr": 0.2 * self.rate / math.sqrt(count)}
        return {"wall_s": 0.1 * count, "observables": {"rate": rate}, "work": {"walker_steps": 1000 * count},
                "references": {"core_set_rate_ab_exact": self.exact}}, 0.2 + 0.1 * count


class Rates(unittest.TestCase):
    def check(self, errors, relative_error=0.02):
        error = relative_error * rare_peers.RATE
        means = {"transition_rate": rare_peers.RATE + errors * error, "standard_error": error, "walker_steps": 1e6}
        return peers.CHECKS["rare_weighted"](means, ONE_BLOCK)

    def test_a_rate_counts_within_four_errors(self):
        for errors in (-3.9, 0, 3.9):
            found, problem = self.check(errors)
            self.assertIsNone(problem)
            self.assertAlmostEqual(found["steps_for_unit_error"], 1e6 * (0.02 / (1 + 0.02 * errors))**2)
        for errors in (-4.1, 4.1, math.nan):
            self.assertRegex(self.check(errors)[1] or "", "^wrong physics: transition_rate is")

    def test_an_error_that_admits_any_rate_does_not_count(self):
        for relative_error in (0.11, 0, math.nan):
            self.assertRegex(self.check(0, relative_error)[1] or "", "^wrong physics: transition_rate has the error")

    def test_what_counts_is_the_time_to_an_error(self):
        """48 repeats of 20 % are worth 1200 estimates of 100 %; start and end of the program are no work."""
        work, wall, cpu = rare_peers.time(Rare(), "rare_weighted", "f64")
        self.assertAlmostEqual(work, 48 / 0.2**2)
        self.assertAlmostEqual(wall, 4.8)
        self.assertAlmostEqual(cpu, 4.8)

    def test_kramers_is_held_to_the_same(self):
        self.assertIsNone(rare_peers.physics(Rare(), "rare_splitting", "f64")[1])
        for wrong in (Rare(rate=1.2 * rare_peers.RATE), Rare(exact=1.001 * rare_peers.RATE)):
            self.assertIn("wrong physics: ", rare_peers.physics(wrong, "rare_splitting", "f64")[1] or "")

    def test_both_are_asked_the_same(self):
        """The constants of the script are the keys of kramers-rare."""
        constants = {}
        for node in ast.parse((peers.SCRIPTS / "rare_numpy.py").read_text()).body:
            if isinstance(node, ast.Assign):
                names, values = (getattr(side, "elts", [side]) for side in (node.targets[0], node.value))
                constants.update(zip((name.id for name in names), map(ast.literal_eval, values)))
        keys = {**rare_peers.SETUP, **rare_peers.METHODS["rare_weighted"]}
        for name, key in (("BARRIER", "potential.barrier"), ("KT", "integrator.temperature"), ("FRICTION", "integrator.friction"),
                          ("DT", "integrator.dt"), ("A", "rare.state_a.below"), ("B", "rare.state_b.above"),
                          ("BINS", "rare.level.bins"), ("PER_BIN", "rare.weighted.per_bin"),
                          ("INTERVAL", "rare.weighted.interval"), ("WARM_UP", "rare.weighted.warm_up"),
                          ("CYCLES", "rare.weighted.cycles"), ("BANK", "rare.flux.walkers"),
                          ("SPREAD_STEPS", "rare.flux.equilibrate")):
            self.assertEqual(constants[name], keys[key], name)
        self.assertEqual(rare_peers.BLOCKS, min(peers.FULL.blocks, peers.MOST_LONG_BLOCKS))

    def test_another_rate_is_seen(self):
        """The script with half the friction, or with as many copies of a walker of little weight as of any other."""
        peer = next(peer for peer in peers.PEERS if peer[3] == "rare_numpy.py")
        text = (peers.SCRIPTS / "rare_numpy.py").read_text()
        for line, changed in (("1.0, 0.125, 4.0, 0.02", "1.0, 0.125, 2.0, 0.02"),
                              ("weight / numpy.repeat(all_weight, counts)", "1 / numpy.repeat(counts, counts)")):
            self.assertEqual(text.count(line), 1)
            with self.subTest(changed), tempfile.TemporaryDirectory() as scratch:
                folder = pathlib.Path(scratch)
                (folder / "rare_numpy.py").write_text(text.replace(line, changed))
                try:
                    means = peers.ask(peer, ONE_BLOCK, 1, folder)["means"]
                except peers.Missing as why:
                    self.skipTest(str(why))
                self.assertRegex(peers.CHECKS[peer[0]](means, ONE_BLOCK)[1] or "right", "wrong physics: transition_rate")


if __name__ == "__main__":
    unittest.main()
