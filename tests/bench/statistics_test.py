#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The statistics of kramers-bench against known answers: SciPy's (make_statistics.py), tables, and all permutations."""

import itertools
import json
import math
import pathlib
import random
import unittest

import support  # noqa: F401  finds kramers_bench
from kramers_bench import simulate, stats, store, verdict

FIXTURE = json.loads((pathlib.Path(__file__).with_name("fixtures") / "statistics.json").read_text())


class Tests(unittest.TestCase):
    def test_signed_rank_is_scipy_s(self):
        for case in FIXTURE["signed_rank"]:
            above, below = stats.signed_rank(case["values"])
            self.assertAlmostEqual(above, case["above"], delta=1e-12)
            self.assertAlmostEqual(below, case["below"], delta=1e-12)

    def test_rank_sum_is_scipy_s(self):
        for case in FIXTURE["rank_sum"]:
            above, below = stats.rank_sum(case["first"], case["second"])
            self.assertAlmostEqual(above, case["above"], delta=1e-12)
            self.assertAlmostEqual(below, case["below"], delta=1e-12)

    def test_ties_are_those_of_all_permutations(self):
        for case in FIXTURE["tied_signed_rank"]:
            for found, expected in zip(stats.signed_rank(case["values"]), case["p"]):
                self.assertAlmostEqual(found, expected, delta=1e-12)
        for case in FIXTURE["tied_rank_sum"]:
            for found, expected in zip(stats.rank_sum(case["first"], case["second"]), case["p"]):
                self.assertAlmostEqual(found, expected, delta=1e-12)

    def test_holm(self):
        for found, expected in zip(stats.holm(FIXTURE["holm"]["p"]), FIXTURE["holm"]["adjusted"]):
            self.assertAlmostEqual(found, expected, delta=1e-12)
        self.assertEqual(stats.holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])  # Holm (1979), by hand

    def test_published_critical_values(self):
        # Wilcoxon's table, two sides, 5 %: n = 8 rejects at W <= 3, not at 4; n = 16 at 29, not at 30.
        for n, last in ((8, 3), (16, 29)):
            for sum_of_positive, rejected in ((last, True), (last + 1, False)):
                values, left = [], sum_of_positive
                for rank in range(n, 0, -1):
                    values.append(rank if rank <= left else -rank)
                    left -= rank if rank <= left else 0
                self.assertEqual(stats.two_sided(stats.signed_rank(values)) <= 0.05, rejected)
        # Mann and Whitney's, two sides, 5 %: n = m = 5 rejects at U <= 2, not at 3.
        self.assertLessEqual(stats.two_sided(stats.rank_sum([1, 2, 3, 4, 7], [5, 6, 8, 9, 10])), 0.05)  # U = 2
        self.assertGreater(stats.two_sided(stats.rank_sum([1, 2, 3, 4, 8], [5, 6, 7, 9, 10])), 0.05)  # U = 3

    def test_intervals_are_what_the_tests_do_not_reject(self):
        rng = random.Random(1)
        pairs = [rng.gauss(0.1, 1) for _ in range(12)]
        first, second = [rng.gauss(0, 1) for _ in range(9)], [rng.gauss(1, 1) for _ in range(8)]
        for low, high, p in (
                (*stats.paired_shift(pairs)[1:], lambda at: stats.two_sided(stats.signed_rank([x - at for x in pairs]))),
                (*stats.shift(first, second)[1:],
                 lambda at: stats.two_sided(stats.rank_sum(first, [x - at for x in second])))):
            for end, inward in ((low, 1), (high, -1)):
                self.assertGreater(p(end + inward * 1e-9), 0.05)
                self.assertLessEqual(p(end - inward * 1e-9), 0.05)

    def test_shifts_by_hand(self):
        self.assertEqual(stats.paired_shift([1, 2, 6])[0], 2.75)  # Walsh averages 1 1.5 2 3.5 4 6
        self.assertEqual(stats.shift([1, 2], [4, 8])[0], 4.5)  # differences 2 3 6 7
        self.assertEqual(stats.paired_shift([1, 2, 3])[1:], (-math.inf, math.inf))  # three pairs exclude nothing at 5 %

    def test_interval_covers_as_often_as_it_says(self):
        # 95.1 % for n = 8 (1 - 2 * 7 / 256 for W <= 3: 94.5 %); 1000 trials: 94.5 +- 0.7, so 92 % is 3.5 deviations off.
        rng = random.Random(7)
        hits = sum(low <= 0 <= high for _ in range(1000)
                   for _, low, high in [stats.paired_shift([rng.gauss(0, 1) for _ in range(8)])])
        self.assertTrue(920 <= hits <= 970, hits)

    def test_quantiles_as_the_harness(self):
        self.assertEqual([stats.quantile([4, 1, 3, 2], share) for share in (0.25, 0.5, 0.75)], [1.75, 2.5, 3.25])
        self.assertAlmostEqual(stats.robust_deviation([random.Random(3).gauss(0, 2) for _ in range(1)] + [-2, 0, 2]),
                               stats.robust_deviation([-2, 0, 2, random.Random(3).gauss(0, 2)]))

    def test_change_points(self):
        rng = random.Random(4)
        series = [rng.gauss(0, 0.01) for _ in range(12)] + [rng.gauss(0.2, 0.01) for _ in range(12)] + \
                 [rng.gauss(0.1, 0.01) for _ in range(12)]
        self.assertEqual(stats.change_points(series, 0.03), [12, 24])
        self.assertEqual(stats.change_points(series[:12], 0.03), [])
        self.assertEqual(stats.change_points(series[:9], 0.03), [])  # too short to say anything

    def test_change_points_are_rarely_found_in_noise(self):
        rng = random.Random(5)
        false = sum(bool(stats.change_points([rng.gauss(0, 0.1) for _ in range(30)], 0.0)) for _ in range(200))
        self.assertLessEqual(false, 6)  # 1 % each at most: more than 6 of 200 once in 200 seeds


class Verdicts(unittest.TestCase):
    BAND = math.log1p(0.03)

    def word(self, differences):
        return verdict.judge_pairs({"row": ("limit_ratio", self.BAND, differences)})[0].word

    def test_words(self):
        rng = random.Random(1)
        quiet = [rng.gauss(0, 0.004) for _ in range(8)]
        self.assertEqual(self.word(quiet), "SAME")
        self.assertEqual(self.word([value + 0.1 for value in quiet]), "SLOWER")
        self.assertEqual(self.word([value - 0.1 for value in quiet]), "FASTER")
        self.assertEqual(self.word([value + self.BAND for value in quiet]), "UNSURE")  # on the edge
        self.assertEqual(self.word([rng.gauss(0, 0.3) for _ in range(8)]), "UNSURE")
        self.assertEqual(self.word([1.0] * 5), "UNSURE")  # five pairs exclude nothing, however large the change

    def test_many_rows_need_more_evidence(self):
        # 8 pairs give p = 2 / 2^8 at best: enough alone, not among 10 rows.
        slow = [0.2 + 0.001 * index for index in range(8)]
        alone = verdict.judge_pairs({"a": ("m", self.BAND, slow)})
        among = verdict.judge_pairs({name: ("m", self.BAND, slow) for name in "abcdefghij"})
        self.assertEqual(alone[0].word, "SLOWER")
        self.assertEqual({found.word for found in among}, {"UNSURE"})

    def test_the_second_stage_alone_decides(self):
        rng = random.Random(2)
        unlucky = [0.2 + rng.gauss(0, 0.01) for _ in range(8)]
        first = verdict.judge_pairs({"a": ("m", self.BAND, unlucky), "b": ("m", self.BAND, [rng.gauss(0, 0.001)
                                                                                            for _ in range(8)])})
        self.assertEqual(verdict.to_confirm(first), ["a"])
        second = verdict.judge_pairs({"a": ("m", self.BAND, [rng.gauss(0, 0.005) for _ in range(16)])})
        self.assertEqual([found.word for found in verdict.two_stages(first, second)], ["SAME", "SAME"])

    def test_stored(self):
        rng = random.Random(3)
        old = [rng.gauss(0, 0.005) for _ in range(10)]
        for extra, word in ((0, "SAME"), (0.15, "SLOWER"), (-0.15, "FASTER")):
            new = [extra + rng.gauss(0, 0.005) for _ in range(10)]
            self.assertEqual(verdict.judge_stored({"row": ("limit_ratio", 1.5 * self.BAND, old, new)})[0].word, word)

    def test_noise_widens_the_band(self):
        noise = {"rows": {"loud": {"limit_ratio": {"floor": 0.05}}, "quiet": {"limit_ratio": {"floor": 0.001}}}}
        self.assertEqual(verdict.band_of(noise, "loud", "limit_ratio"), 0.1)
        self.assertEqual(verdict.band_of(noise, "quiet", "limit_ratio"), self.BAND)
        self.assertEqual(verdict.band_of(None, "loud", "limit_ratio"), self.BAND)
        self.assertEqual(verdict.band_of(noise, "loud", "limit_ratio", 1.5), 1.5 * 0.1)

    def test_exit_codes(self):
        def code(*words, **options):
            return verdict.exit_code([verdict.Verdict(word, word, "") for word in words], **options)
        self.assertEqual(code("SAME", "FASTER", "NEW"), 0)
        self.assertEqual(code("SAME", "SLOWER", "UNSURE"), 1)
        self.assertEqual(code("SAME", "UNSURE"), 2)
        self.assertEqual(code("SAME", "UNSURE", allow_unsure=True), 0)
        self.assertEqual(code("SLOWER", "INVALID"), 4)


class Rates(unittest.TestCase):
    """False alarms and power: seeded, so these numbers do not change."""

    def check(self, costs, most_alarms, least_power):
        table = {line["slowdown"]: line for line in simulate.rates(costs, 40, 11)}
        self.assertLessEqual(table[0]["SLOWER"] + table[0]["FASTER"], 0.05)
        self.assertLessEqual(table[0]["any"], most_alarms)
        self.assertGreaterEqual(table[10]["quiet"], least_power)
        self.assertEqual(table[10]["FASTER"], 0)
        self.assertLess(table[3]["SLOWER"], table[10]["SLOWER"])  # what is within the band is no alarm
        return table

    def test_simulated(self):
        self.check(simulate.normal_noise(1, 8, 40, 0.02), 0.05, 0.95)

    def test_simulated_with_drift(self):
        """A machine that becomes 4 % slower from process to process: pairs in turns do not see it."""
        self.check(simulate.normal_noise(2, 8, 40, 0.02, drift=0.04), 0.05, 0.8)

    def test_recorded(self):
        """A/A runs recorded on two shared cores: the figures that selftest prints."""
        record = simulate.load_record(pathlib.Path(simulate.__file__).with_name("recorded.json"))
        self.check(record, 0.05, 0.6)

    def test_a_loud_row_is_unsure_and_not_slower(self):
        table = simulate.rates(simulate.normal_noise(3, 4, 40, 0.3), 20, 5)
        self.assertLessEqual(table[0]["any"], 0.05)
        self.assertGreater(table[0]["UNSURE"] + table[0]["SAME"], 0.95)

    def test_stored_baselines(self):
        """Ten processes against ten of another hour, of 8 rows: false alarms and power with 5 % of noise."""
        rng = random.Random(9)
        words = {}
        for slowdown in (0.0, math.log1p(0.3)):
            for _ in range(40):
                rows = {}
                for row in range(8):
                    old = [rng.gauss(0, 0.05) for _ in range(10)]
                    noise = {"rows": {"row": {"m": store.noise_of(old)}}}
                    new = [slowdown + rng.gauss(0, 0.05) for _ in range(10)]
                    rows[f"row{row}"] = ("m", verdict.band_of(noise, "row", "m", verdict.STORED_WIDER), old, new)
                for found in verdict.judge_stored(rows):
                    words[slowdown, found.word] = words.get((slowdown, found.word), 0) + 1
        false_alarms = words.get((0.0, "SLOWER"), 0) + words.get((0.0, "FASTER"), 0)
        self.assertLessEqual(false_alarms, 0.05 * 320)
        self.assertGreaterEqual(words[math.log1p(0.3), "SLOWER"], 0.9 * 320)

    def test_noise_is_found(self):
        costs = simulate.normal_noise(4, 1, 400, 0.05)["row0"]
        noise = store.noise_of(costs)
        self.assertAlmostEqual(noise["process_deviation"], 0.05, delta=0.01)  # 400 numbers: 5 % each
        self.assertAlmostEqual(noise["pair_deviation"], 0.05 * math.sqrt(2), delta=0.012)
        self.assertAlmostEqual(noise["floor"], noise["pair_deviation"] / math.sqrt(0.955 * 16))


class AllPermutations(unittest.TestCase):
    def test_small_samples(self):
        """Both tests against every permutation, for all patterns of ties of few numbers."""
        for values in itertools.product((-2, -1, 1, 2, 3), repeat=4):
            above = sum(signed >= sum_positive(values, [value > 0 for value in values])
                        for signs in itertools.product((False, True), repeat=4)
                        for signed in [sum_positive(values, signs)]) / 16
            self.assertAlmostEqual(stats.signed_rank(values)[0], above, delta=1e-12)


def sum_positive(values, signs):
    ranks = stats.doubled_ranks([abs(value) for value in values])
    return sum(rank for rank, sign in zip(ranks, signs) if sign)


if __name__ == "__main__":
    unittest.main()
