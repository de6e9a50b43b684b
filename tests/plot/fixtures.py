# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small result files as kramers-langevin, kramers-rare, kramers-spread and kramers-classify write them, made in NumPy.

    python3 fixtures.py DIR   writes langevin.h5, mueller_brown.h5, rates.h5, rare.h5, spread.h5 and classify.h5, larger than
                              those of the tests
"""
import json
import sys
from pathlib import Path

import h5py
import numpy as np

INPUT = """
[potential]
kind = "double_well"
barrier = 1.0
[integrator]
scheme = "baoab"
dt = 0.02
friction = 1.0
temperature = 0.2
"""
KT, FRICTION, DT = 0.2, 1.0, 0.02
KGH = (np.sqrt(0.25 + 4) - 0.5) / 2 * np.sqrt(8) / (2 * np.pi) * np.exp(-5)


def force(x):
    return -4 * x * (x * x - 1)


def advance(x, v, steps, rng, kT=KT):
    """BAOAB in the double well (x^2 - 1)^2 with unit mass."""
    c = np.exp(-FRICTION * DT)
    s = np.sqrt(kT * (1 - c * c))
    for _ in range(steps):
        v = v + 0.5 * DT * force(x)
        x = x + 0.5 * DT * v
        v = c * v + s * rng.standard_normal(x.shape)
        x = x + 0.5 * DT * v
        v = v + 0.5 * DT * force(x)
    return x, v


def head(file, app, input_text=INPUT):
    provenance = {"app": app, "version": "0.1.0", "git_hash": "0123456789ab", "git_modified": True,
                  "date": "2026-01-02T03:04:05Z"}
    summary = {"app": app, "version": "0.1.0", "state_hash": "0x0123456789abcdef"}
    file.attrs.update(app=app, version="0.1.0", provenance=json.dumps(provenance), summary=json.dumps(summary),
                      input=input_text)
    file.create_group("parameters").attrs.update(kT=KT, friction=FRICTION, mass=1.0, dt=DT, dimensions=1, walkers=1000, steps=4000,
                                                 scheme="baoab", potential="double_well")


def langevin(path, walkers=300, frames=150, stride=10, saved=30):
    """An ensemble that starts in the left well."""
    rng = np.random.default_rng(1)
    x, v = np.full(walkers, -1.0), np.sqrt(KT) * rng.standard_normal(walkers)
    xs, vs = [x], [v]
    for _ in range(frames):
        x, v = advance(x, v, stride, rng)
        xs.append(x)
        vs.append(v)
    xs, vs = np.array(xs), np.array(vs)
    time = stride * DT * np.arange(frames + 1)
    with h5py.File(path, "w") as file:
        head(file, "kramers-langevin")
        file["parameters"].attrs.update(walkers=walkers, steps=frames * stride)
        for name, series in (("position", xs), ("velocity", vs)):
            group = file.create_group(f"particles/walkers/{name}")
            group["value"] = series[:, :saved, None]
            group["time"] = time
            group["step"] = stride * np.arange(frames + 1)
        file["particles/walkers/id"] = np.arange(saved, dtype=np.uint64)

        edges = np.linspace(-1.8, 1.8, 73)
        middle = 0.5 * (edges[1:] + edges[:-1])
        both = np.concatenate([xs, -xs], axis=1)  # the ensemble is symmetric in the long run
        counts = np.array([np.histogram(part, edges)[0] for part in np.array_split(both, 16, axis=1)], float)
        share = counts / counts.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = -KT * np.log(share.mean(axis=0) / np.diff(edges))
            error = KT * share.std(axis=0, ddof=1) / 4 / share.mean(axis=0)
        value[~np.isfinite(value)] = np.nan
        weight = np.exp(-(middle**2 - 1)**2 / KT)
        exact = -KT * np.log(weight / weight.sum() / np.diff(edges))
        group = file.create_group("kramers/free_energy")
        group.attrs["kT"] = KT
        shift = exact.min()
        for name, series in (("position", middle), ("value", value - shift), ("error", error),
                             ("exact", exact - shift)):
            group[name] = series

        left = (xs < 0).mean(axis=1)
        difference = 2 * left - 1
        error = 2 * np.sqrt(left * (1 - left) / walkers)
        begin = 0.2 * time[-1]
        late = (time >= begin) & (difference > 2 * error)
        slope, offset = np.polyfit(time[late], np.log(difference[late]), 1)
        group = file.create_group("kramers/population")
        group.attrs.update(rate=-slope / 2, rate_error=0.02 * abs(slope), prefactor=np.exp(offset), fit_begin=begin,
                           fit_end=time[late][-1], reference_rate=KGH)
        for name, series in (("time", time), ("difference", difference), ("error", error)):
            group[name] = series

        survival(file, time, xs)
        core_sets(file, time[1:])

        group = file.create_group("kramers/correlation")
        half = frames // 2
        group["time"] = time[:half]
        for name, now in (("position", xs[half:2 * half] * xs[half]), ("velocity", vs[half:2 * half] * vs[half]),
                          ("displacement", (xs[half:2 * half] - xs[half])**2)):
            group[name] = now.mean(axis=1)
            group[f"{name}_error"] = now.std(axis=1) / np.sqrt(walkers)


def survival(file, time, xs, core_b=0.5):
    """Walkers that have not yet been beyond core_b; all are seen until the end, so the estimator of Kaplan and Meier
    is their share."""
    inside = xs >= core_b
    first = np.where(inside.any(axis=0), time[inside.argmax(axis=0)], np.inf)
    value = (first > time[:, None]).mean(axis=1)
    events, at_risk = int(np.isfinite(first).sum()), np.minimum(first, time[-1]).sum()
    reach = 1.96 * np.sqrt(max(events, 1))
    group = file.create_group("kramers/survival")
    group.attrs.update(rate=events / at_risk, rate_lower=max(events - reach, 0) / at_risk,
                       rate_upper=(events + reach) / at_risk, events=events, walkers=xs.shape[1], p_exponential=0.3,
                       exact_mean_first_passage_time=1 / KGH)
    for name, series in (("time", time), ("value", value), ("error", np.sqrt(value * (1 - value) / xs.shape[1]))):
        group[name] = series


def core_sets(file, lag):
    """A made-up rate that comes down to twice that of Kramers, Grote and Hynes, less and less certain."""
    rng = np.random.default_rng(5)
    error = 1e-4 * (1 + lag / 10)
    rate = 2 * KGH * (1 + 1.5 * np.exp(-lag / 2)) + error * rng.standard_normal(lag.size)
    group = file.create_group("kramers/core_sets")
    group.attrs.update(relaxation_rate=2.05 * KGH, relaxation_rate_error=0.05 * KGH, lag=lag[lag.size // 4],
                       exact_relaxation_rate=2 * KGH)
    for name, series in (("lag", lag), ("relaxation_rate", rate), ("relaxation_rate_error", error)):
        group[name] = series


def mueller_brown_energy(x, y):
    total = 0
    for height, a, b, c, x0, y0 in ((-200, -1, 0, -10, 1, 0), (-100, -1, 0, -10, 0, 0.5),
                                    (-170, -6.5, 11, -6.5, -0.5, 1.5), (15, 0.7, 0.6, 0.7, -1, 1)):
        total = total + height * np.exp(a * (x - x0)**2 + b * (x - x0) * (y - y0) + c * (y - y0)**2)
    return total


def walk(x, y, weight, rng, walkers=4, frames=200):
    """Walkers that go from place to place of a grid as Metropolis lets them."""
    place = np.array([[12, 28]] * walkers)
    seen = []
    for _ in range(frames):
        for _ in range(12):
            proposed = np.clip(place + rng.integers(-2, 3, place.shape), 0, np.array(weight.shape) - 1)
            accepted = rng.random(walkers) * weight[tuple(place.T)] < weight[tuple(proposed.T)]
            place = np.where(accepted[:, None], proposed, place)
        seen.append(np.stack([x[place[:, 0]], y[place[:, 1]]], axis=1))
    return np.array(seen)


def mueller_brown(path, bins=(40, 36), samples=200000):
    """Independent samples of the Boltzmann distribution on a grid."""
    rng = np.random.default_rng(2)
    kT = 15.0
    x = np.linspace(-1.6, 1.2, bins[0])
    y = np.linspace(-0.4, 2.0, bins[1])
    energy = mueller_brown_energy(x[:, None], y[None, :])
    weight = np.exp(-(energy - energy.min()) / kT)
    counts = rng.multinomial(samples, (weight / weight.sum()).ravel()).reshape(bins)
    with np.errstate(divide="ignore"):
        value = np.where(counts > 0, -kT * np.log(counts / counts.max()), np.nan)
        error = np.where(counts > 0, kT / np.sqrt(counts), np.nan)
    with h5py.File(path, "w") as file:
        head(file, "kramers-langevin", INPUT.replace("double_well", "mueller_brown"))
        file["parameters"].attrs.update(potential="mueller_brown", kT=kT)
        paths = walk(x, y, weight, rng)
        for name, table in (("value", paths), ("time", 0.1 * np.arange(len(paths)))):
            file[f"particles/walkers/position/{name}"] = table
        file["parameters"].attrs["cores"] = [-0.4, 0.5]
        group = file.create_group("kramers/free_energy")
        group.attrs["kT"] = kT
        for name, table in (("position_x", x), ("position_y", y), ("value", value), ("error", error),
                            ("exact", energy - energy.min())):
            group[name] = table


def spread(path, steps=2500, every=3, members=10, length=10):
    """Members with Gaussian offsets from every third point of one trajectory."""
    rng = np.random.default_rng(3)
    x, v = np.array([-1.0]), np.array([0.0])
    trunk = [(x[0], v[0])]
    for _ in range(steps):
        x, v = advance(x, v, 1, rng)
        trunk.append((x[0], v[0]))
    trunk = np.array(trunk)
    points = trunk[every::every]
    start = points[:, :, None] + 0.01 * rng.standard_normal((len(points), 2, members))
    x, v = start[:, 0], start[:, 1]
    reached = [x]
    for _ in range(length):
        x, v = advance(x, v, 1, rng)
        reached.append(x)
    low, high = np.min(reached, axis=(0, 2)), np.max(reached, axis=(0, 2))
    growth = np.log(np.ptp(reached[-1], axis=1) / np.ptp(reached[0], axis=1)) / (length * DT)
    time = every * DT * np.arange(1, len(points) + 1)
    width = high - low
    with h5py.File(path, "w") as file:
        head(file, "kramers-spread")
        for name, series in (("time", DT * np.arange(steps + 1)), ("position", trunk[:, 0]),
                             ("velocity", trunk[:, 1])):
            file[f"trunk/{name}"] = series
        for name, series in (("time", time), ("position", points[:, 0]), ("velocity", points[:, 1]), ("lo", low),
                             ("hi", high), ("spread", width), ("rate", np.gradient(width, time)), ("growth", growth),
                             ("error", np.full(len(points), np.nan)),
                             ("members", np.full(len(points), members))):
            file[f"spread/{name}"] = series


def classify(path, points=300, random=500, models=12):
    """Three classes of a made-up spread that are told with some noise."""
    rng = np.random.default_rng(4)

    def chances(x, v):
        width = np.abs(v) + 0.3 * x * x
        logits = np.stack([-8 * width, -2 * np.abs(width - 1), 8 * (width - 1.6)], axis=1)
        weight = np.exp(logits - logits.max(axis=1, keepdims=True))
        return weight / weight.sum(axis=1, keepdims=True)

    x, v = rng.normal(0, 0.9, (2, points))
    chance = chances(x, v)
    raw = (chance.cumsum(axis=1) < rng.random((points, 1))).sum(axis=1)
    guess = chance.argmax(axis=1)
    held_out = rng.random(points) < 0.25
    summary = {"app": "kramers-classify", "state_hash": "0x0123456789abcdef",
               "model": {"network": "2 -> 8 tanh -> batch_norm -> 3", "optimizer": "adam", "learning_rate": 0.01,
                         "precision": "f32"}}
    with h5py.File(path, "w") as file:
        file.attrs.update(app="kramers-classify", version="0.1.0", provenance=json.dumps({"app": "kramers-classify"}))
        file["summary"] = json.dumps(summary)
        root = file.create_group("classifier")
        root.attrs["thresholds"] = [0.1, 0.15]
        places = {"points": (x, v), "random": tuple(rng.uniform(-3, 3, (2, random)))}
        for name, place in places.items():
            for axis, series in zip(("position", "velocity"), place):
                root[f"{name}/{axis}"] = series
            root[f"{name}/probability"] = chances(*place)
            root[f"{name}/predicted_class"] = chances(*place).argmax(axis=1)
        root["points/raw_class"] = raw
        root["points/spread"] = 0.05 + 0.05 * raw
        root["points/held_out"] = held_out.astype(np.int64)

        epoch = np.arange(1, 201)
        root["loss/epoch"] = epoch
        root["loss/train"] = 0.5 + 0.6 / epoch
        checked = np.unique(np.geomspace(1, 200, 20).astype(np.int64))
        root["loss/held_out_epoch"] = checked
        root["loss/held_out"] = 0.55 + 0.55 / checked
        root["loss/held_out_accuracy"] = 0.75 - 0.3 / checked

        for name, rows in (("train", ~held_out), ("held_out", held_out)):
            group = root.create_group(f"evaluation/{name}")
            confusion = np.zeros((3, 3), np.int64)
            np.add.at(confusion, (raw[rows], guess[rows]), 1)
            group["confusion"] = confusion
            confidence, right = chance.max(axis=1)[rows], (raw == guess)[rows]
            place = np.minimum((10 * confidence).astype(int), 9)
            count = np.bincount(place, minlength=10)
            group["bin_lower"] = np.arange(10) / 10
            group["bin_count"] = count
            for column, values in (("bin_confidence", confidence), ("bin_accuracy", right)):
                group[column] = np.bincount(place, values, 10) / np.maximum(count, 1)
            group.attrs.update(samples=int(rows.sum()), accuracy=right.mean(), calibration_error=0.05,
                               negative_log_likelihood=0.6)

        rate = np.repeat([0.001, 0.01, 0.1], models // 3)
        loss = 0.6 + 0.05 * np.abs(np.log10(rate) + 2) + 0.01 * rng.standard_normal(rate.size)
        diverged = np.full(rate.size, -1)
        diverged[-1] = 77
        for name, series in (("seed", np.arange(rate.size) % 4 + 1), ("learning_rate", rate), ("loss", loss - 0.05),
                             ("held_out_loss", loss), ("held_out_accuracy", 1.3 - loss), ("diverged_at", diverged)):
            root[f"sweep/{name}"] = series
        root["sweep"].attrs["best"] = int(np.argmin(np.where(diverged < 0, loss, np.inf)))


def rates(path, two_keys=False):
    """A sweep over friction, of which the first point has no rate and the last one an upper limit; over temperature, too."""
    friction = np.logspace(-2, 2, 9)
    kT = np.array([0.2, 0.3, 0.25]) if two_keys else np.array([KT])
    values = np.array(np.meshgrid(friction, kT, indexing="ij")).reshape(2, -1)
    rate = np.sqrt(8) / (2 * np.pi) * np.exp(-1 / values[1]) / (values[0] / 2 + 0.05 / values[0] + 1)
    with h5py.File(path, "w") as file:
        head(file, "kramers-langevin")
        del file["parameters"].attrs["friction"]
        keys = ["integrator.friction", "integrator.temperature"][:1 + two_keys]
        table = file.create_group("sweep")
        table.attrs.update(keys=keys, scales=["log", "linear"][:1 + two_keys], counts=[friction.size, kT.size][:1 + two_keys])
        for key, column in zip(keys, values):
            table[f"values/{key}"] = column
        table["state_hash"] = np.arange(rate.size, dtype=np.uint64)
        table["references/rate_turnover"] = 1.1 * rate
        table["references/rate_exact"] = np.where(values[0] > 0.2, rate, np.nan)
        measured = rate * (1 + 0.03 * np.random.default_rng(3).standard_normal(rate.size))
        measured[[0, -1]] = np.nan
        upper = np.full(rate.size, np.nan)
        upper[-1] = 2 * rate[-1]
        for name, column in (("value", measured), ("error", 0.03 * measured), ("lower", 0 * upper), ("upper", upper)):
            table[f"observables/rate/{name}"] = column


def rare(path, repeats=24, bins=64):
    """Splitting whose replicas lose a third at each bin, and most of the rest on the way to B."""
    rng = np.random.default_rng(6)
    with h5py.File(path, "w") as file:
        head(file, "kramers-rare")
        del file["parameters"].attrs["walkers"]
        reached = np.maximum.accumulate((0.66**np.minimum(np.arange(bins + 1.0), 38))[::-1])[::-1]
        rates = 1.3 * reached[-1] * np.exp(0.4 * rng.standard_normal(repeats))
        group = file.create_group("kramers/rare")
        group.attrs.update(rate=rates.mean(), rate_error=rates.std(ddof=1) / np.sqrt(repeats), exact_rate=1.4 * reached[-1])
        for name, series in (("level", np.linspace(0.05, 1.7, bins + 1)), ("probability", reached),
                             ("probability_error", 0.005 * np.arange(bins + 1) * reached), ("repeats/rate", rates)):
            group[name] = series


def reactive_paths(path, plane=False, count=5, overdamped=False):
    """Paths of unequal lengths that swing from x = -1 to x = 1, in one coordinate or two."""
    rng = np.random.default_rng(8)
    with h5py.File(path, "w") as file:
        head(file, "kramers-rare")
        del file["parameters"].attrs["walkers"]
        if overdamped:
            file["parameters"].attrs["scheme"] = "leimkuhler-matthews"
        lengths = rng.integers(20, 60, count)
        phase = [np.pi * np.arange(length) / (length - 1) for length in lengths]
        x, v = (np.concatenate(series) for series in ([-np.cos(p) for p in phase], [np.sin(p) / p.size for p in phase]))
        step = np.concatenate([10 * np.arange(length) for length in lengths])
        for name, series in (("position", x), ("velocity", v)):
            if name == "velocity" and overdamped:
                continue
            group = file.create_group(f"particles/paths/{name}")
            group["step"], group["time"] = step, DT * step
            group["value"] = (np.stack([series, series**2], axis=1) if plane else series[:, None])[:, None, :]
        paths = file.create_group("kramers/rare/paths")
        weight = rng.random(count)
        grid = np.linspace(-1.3, 1.3, 31)
        energy = (grid**2 - 1)**2
        for name, series in (("offset", np.append(0, np.cumsum(lengths))), ("weight", weight / weight.sum()),
                             ("repeat", np.arange(count)), ("position_x", grid),
                             ("energy", energy[:, None] + grid**2 if plane else energy)):
            paths[name] = series
        if plane:
            paths["position_y"] = grid


def weighted(path, repeats=16, bins=20):
    """A weighted ensemble with one bin that nobody has entered."""
    rng = np.random.default_rng(7)
    with h5py.File(path, "w") as file:
        head(file, "kramers-rare")
        del file["parameters"].attrs["walkers"]
        weight = 0.5**np.arange(bins)
        weight[0] = 0
        rates = 2e-6 * np.exp(0.3 * rng.standard_normal(repeats))
        group = file.create_group("kramers/rare")
        group.attrs.update(rate=rates.mean(), rate_error=rates.std(ddof=1) / np.sqrt(repeats), exact_rate=2.1e-6)
        for name, series in (("level", np.linspace(0.05, 1.7, bins + 1)), ("weight", weight), ("repeats/rate", rates)):
            group[name] = series


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    langevin(folder / "langevin.h5", walkers=8000, frames=1500, saved=16)
    mueller_brown(folder / "mueller_brown.h5", bins=(80, 72), samples=5000000)
    rates(folder / "rates.h5", two_keys=True)
    rare(folder / "rare.h5")
    weighted(folder / "weighted.h5")
    reactive_paths(folder / "paths.h5", count=60)
    spread(folder / "spread.h5")
    classify(folder / "classify.h5", points=833, random=10000, models=36)
