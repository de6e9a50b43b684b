# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attacks: each takes the targets, an empty folder and a source of chance."""
import json
import os
from pathlib import Path
import re
import shutil
import signal
import time

import h5py

from runs import Verdict, expect_sane, flipped, result_of

STUDY = """
ensemble = {walkers = 200, seed = 7}
potential = {kind = "tabulated", file = "profile.txt"}
integrator = {dt = 0.02, friction = 1.0, temperature = 0.4}
run = {equilibrate = 100, steps = 6000}
checkpoint = {every = 100}
[observables]
every = 5
core_sets = [-0.7, 0.7]
frame_every = 100
correlation_frames = 3
histogram = {bins = [16], lower = [-2.0], upper = [2.0]}
[output]
file = "out.h5"
summary = "out.json"
trajectory = {walkers = 20, every = 200}
partial_every = 1e-9
"""
PROFILE = "".join(f"{0.1 * i} {((0.1 * i) ** 2 - 1) ** 2}\n" for i in range(-20, 21))
MAP = """
ensemble.seed = 1
potential.kind = "double_well"
integrator = {dt = 0.02, friction = 1.0, temperature = 0.2}
trunk = {steps = 300}
spread = {every = 3, members = 32, steps = 60}
output = {file = "out.h5", summary = "out.json"}
"""
LESSON = """
classes.count = 3
network = {hidden = [8], activation = "tanh"}
training = {epochs = 300, batch = 16}
checkpoint = {every = 1, file = "out.checkpoint.safetensors"}
random_points.count = 50
output = {file = "out.h5", summary = "out.json", model = "out.safetensors"}
"""
LAUNCHES = """
ensemble = {walkers = WALKERS, seed = 7}
potential = {kind = "double_well"}
integrator = {dt = 0.02, friction = 1.0, temperature = 0.4}
run = {steps = STEPS}
checkpoint = {every = FRAME}
observables = {every = 100, core_sets = [-0.7, 0.7], frame_every = FRAME}
output = {file = "out.h5", summary = "out.json"}
"""
NUMBERS = ["0", "-1", "1", "2147483648", "4294967297", "9223372036854775807", "-9223372036854775808", "1e308", "1e-320",
           "nan", "inf", "-inf", "1e400", '""', '"x"', "[]", "[1, 2, 3]", "{}", "true", "1979-05-27", '"../../x"', "[[]]"]


class Targets:
    """The undisturbed runs: their files, their results, and how long they take."""

    def __init__(self, programs, folder):
        self.programs, self.folder, self.results, self.seconds, self.folders = programs, folder, {}, {}, {}
        self.most_ranks = 3 if programs.launcher else 1
        self.resumed_within_launch = 0
        self.add("study", {"in.toml": STUDY, "profile.txt": PROFILE}, "langevin", "in.toml")
        self.add("map", {"in.toml": MAP}, "spread", "in.toml")
        self.add("lesson", {"in.toml": LESSON}, "classify", "train", "data.h5", "in.toml")

    def add(self, name, files, *words):
        here = self.folder / name
        here.mkdir(parents=True)
        for file, text in files.items():
            (here / file).write_text(text)
        if name == "lesson":
            shutil.copy(self.folders["map"] / "out.h5", here / "data.h5")
        begin = time.monotonic()
        self.programs.succeed(*words, "--quiet", cwd=here)
        self.seconds[name], self.folders[name] = time.monotonic() - begin, here
        self.results[name] = result_of(here / "out.json", here / "out.h5")

    def add_launches(self):
        """A study of two launches, within which the program looks for signals: of more walker-steps than it thinks can be
        done between two looks, on each of three ranks, and of some seconds on this machine."""
        if "launches" in self.folders:
            return
        walkers, seconds, least, most = 20_000, 2.5, 200_000_000, 2_000_000_000

        def files(steps, frame):
            words = {"WALKERS": walkers, "STEPS": steps, "FRAME": frame}
            text = LAUNCHES
            for word, value in words.items():
                text = text.replace(word, str(value))
            return {"in.toml": text}

        self.add("speed", files(least // walkers, least // walkers), "langevin", "in.toml")
        speed = least / json.loads((self.folders["speed"] / "out.json").read_text())["wall_s"]
        frame = int(min(max(seconds * speed, least), most)) // walkers
        self.add("launches", files(2 * frame, frame), "langevin", "in.toml")

    def inputs(self, name, folder):
        """Only what was there before the run."""
        for file in ("in.toml", "profile.txt", "data.h5"):
            if (self.folders[name] / file).exists():
                shutil.copy(self.folders[name] / file, folder)

    def expect_result(self, name, folder, outcome):
        if result_of(folder / "out.json", folder / "out.h5") != self.results[name]:
            raise Verdict("wrong", f"other numbers than the undisturbed run: {outcome}")


def expect_files(folder, names, outcome):
    """These files and no others, but for results that were whole when a run was killed, which the next one keeps."""
    found = {path.name for path in folder.iterdir()}
    found -= {name for name in found if re.sub(r"\.~[0-9]+~$", "", name) in {"out.h5", "out.json", "out.safetensors"} - {name}}
    if found != set(names):
        raise Verdict("unclear", f"leftovers or losses: {sorted(found ^ set(names))}: {outcome}")


def is_within_launch(checkpoint):
    if checkpoint.suffix != ".h5":
        return False
    with h5py.File(checkpoint) as file:
        return "launch" in file


def interrupt(targets, name, words, checkpoint, folder, chance, most_ranks, most_hits=4):
    """Hit a run at random moments, resume it from its checkpoint, and let it come to its end."""
    targets.inputs(name, folder)
    saved = folder / checkpoint

    def resuming():
        if not saved.exists():
            return []
        targets.resumed_within_launch += is_within_launch(saved)
        return ["--resume"]

    for _ in range(chance.randint(1, most_hits)):
        resume = resuming()
        number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
        outcome = targets.programs.hit(*words, "--quiet", *resume, cwd=folder, ranks=chance.randint(1, most_ranks),
                                       moment=chance.uniform(0.0, 1.3) * targets.seconds[name], number=number,
                                       rank=chance.randrange(8))
        if resume and not saved.exists():
            raise Verdict("lost", f"the checkpoint is gone: {outcome}")
        if outcome.code in (1, 64, 65) and ": error: " in outcome.err:
            raise Verdict("lost", str(outcome))
    if saved.exists():
        ranks = chance.randint(1, most_ranks)
        outcome = targets.programs.succeed(*words, "--quiet", *resuming(), cwd=folder, ranks=ranks)
        targets.expect_result(name, folder, outcome)
        inputs = [path.name for path in targets.folders[name].iterdir()]
        expect_files(folder, inputs, outcome)


def kill_study(targets, folder, chance):
    interrupt(targets, "study", ("langevin", "in.toml"), "out.checkpoint.h5", folder, chance, targets.most_ranks)


def kill_launch(targets, folder, chance):
    """Hits fall within a launch, which then goes on in the middle, perhaps on other ranks."""
    targets.add_launches()
    interrupt(targets, "launches", ("langevin", "in.toml"), "out.checkpoint.h5", folder, chance, targets.most_ranks, 2)


def kill_lesson(targets, folder, chance):
    interrupt(targets, "lesson", ("classify", "train", "data.h5", "in.toml"), "out.checkpoint.safetensors", folder,
              chance, 1)


def kill_map(targets, folder, chance):
    """A map that is hit leaves the old files or the new ones, each whole."""
    targets.inputs("map", folder)
    words = ("spread", "in.toml", "--quiet")
    targets.programs.succeed(*words, "--set", "ensemble.seed=2", cwd=folder)
    old = result_of(folder / "out.json", folder / "out.h5")
    outcome = targets.programs.hit(*words, cwd=folder, ranks=chance.randint(1, targets.most_ranks),
                                   moment=chance.uniform(0.0, 1.3) * targets.seconds["map"],
                                   number=chance.choice([signal.SIGKILL, signal.SIGTERM]), rank=chance.randrange(8))
    new = result_of(folder / "out.json", folder / "out.h5")
    for part in (0, 1):
        if new[part] not in (old[part], targets.results["map"][part]):
            raise Verdict("lost", f"neither the old nor the new result: {outcome}")
    outcome = targets.programs.succeed(*words, cwd=folder)
    targets.expect_result("map", folder, outcome)
    expect_files(folder, ["in.toml", "out.h5", "out.json"], outcome)


def damage(targets, folder, chance):
    """A damaged file is refused in a sentence, or makes no difference."""
    name, words, victims = chance.choice([
        ("study", ("langevin", "in.toml", "--resume"), ["out.checkpoint.h5"]),
        ("study", ("langevin", "in.toml", "--resume", "--replay", str(chance.randrange(200)), "--summary", "one.json"),
         ["out.checkpoint.h5"]),
        ("lesson", ("classify", "train", "data.h5", "in.toml", "--resume"), ["out.checkpoint.safetensors", "data.h5"]),
        ("lesson", ("classify", "evaluate", "data.h5", "out.safetensors", "--summary", "one.json"),
         ["data.h5", "out.safetensors"]),
        ("lesson", ("classify", "predict", "data.h5", "out.safetensors", "--summary", "one.json"),
         ["data.h5", "out.safetensors"]),
    ])
    shutil.copytree(targets.folders[name], folder, dirs_exist_ok=True)
    ranks = chance.randint(1, targets.most_ranks) if name == "study" and "--replay" not in words else 1
    aside = "one.json" in words
    expected = targets.results[name]
    if aside:  # the same on the sound files
        targets.programs.succeed(*words, "--quiet", cwd=folder)
        told = json.loads((folder / "one.json").read_text())
        expected = {key: told.get(key) for key in ("replay", "held_out", "train", "class_counts")}
        (folder / "one.json").unlink()
    victim = folder / chance.choice(victims)
    victim.write_bytes(flipped(victim.read_bytes(), chance))
    outcome = targets.programs.run(*words, "--quiet", cwd=folder, ranks=ranks)
    if outcome.code != 0:
        return
    if aside:
        told = json.loads((folder / "one.json").read_text())
        found = {key: told.get(key) for key in expected}
    else:
        found = result_of(folder / "out.json", folder / "out.h5")
    if found != expected:
        raise Verdict("wrong", f"{victim.name} is damaged: {outcome}")


def craft(targets, folder, chance):
    """A checkpoint whose content is changed by HDF5 itself: other shapes, types, values, objects."""
    shutil.copytree(targets.folders["study"], folder, dirs_exist_ok=True)
    path = folder / "out.checkpoint.h5"
    with h5py.File(path, "r+") as file:
        names = []
        file.visit(names.append)
        name = chance.choice(names)
        kind = chance.choice(["delete", "attribute", "retype", "reshape", "value", "extra"])
        item = file[name]
        if kind == "attribute":
            owner = chance.choice([file, item])
            for key in list(owner.attrs)[:1] or ["extra"]:
                owner.attrs[key] = chance.choice([-2**63, 2**62, float("nan"), "x" * 100, [1, 2, 3]])
        elif kind == "extra":
            file.create_dataset("state/extra", data=[1.0])
        elif kind == "delete" or not isinstance(item, h5py.Dataset) or item.dtype.kind not in "iuf":
            del file[name]
        else:
            data, marks = item[()], dict(item.attrs)
            del file[name]
            if kind == "retype":
                data = data.astype(chance.choice(["f4", "i8", "u1", "S4", "c8"]))
            elif kind == "reshape" and data.size:
                data = chance.choice([data.ravel()[:-1], data.ravel().repeat(2), data[None], data.ravel()[:0]])
            elif data.size:
                data = data.copy()
                data.flat[chance.randrange(data.size)] = chance.choice([0, 1, 255])
            made = file.create_dataset(name, data=data)
            for key, value in marks.items():
                made.attrs[key] = value
    outcome = targets.programs.run("langevin", "in.toml", "--resume", "--quiet", cwd=folder,
                                   ranks=chance.randint(1, targets.most_ranks))
    if outcome.code == 0:
        targets.expect_result("study", folder, outcome)


def name_outputs(targets, folder, chance):
    """Hostile names of outputs: inputs stay what they are, special files too."""
    name, words = chance.choice([("study", ["langevin", "in.toml", "--set", "run.steps=200"]), ("map", ["spread", "in.toml"]),
                                 ("lesson", ["classify", "train", "data.h5", "in.toml", "--set", "training.epochs=2"])])
    targets.inputs(name, folder)
    (folder / "sub").mkdir()
    os.symlink("in.toml", folder / "link")
    os.symlink("absent/file", folder / "dangling")
    os.link(folder / "in.toml", folder / "hard")
    os.mkfifo(folder / "pipe")
    os.symlink("loop", folder / "loop")
    hostile = ["in.toml", "./in.toml", "sub/../in.toml", "link", "hard", "dangling", "loop", "pipe", "sub", "sub/", ".", "..",
               "", "/dev/null", "/dev/full", "a\nb", "\x1b[31mred", "ü" * 20, "n" * 300, "absent/a.h5", "/proc/a", "in.toml/a",
               "-", "--resume", "profile.txt", "data.h5", "same"]
    options = ["--output", "--summary"] + (["--model"] if name == "lesson" else [])
    for option in chance.sample(options, chance.randint(1, len(options))):
        words += [f"{option}={chance.choice(hostile)}"]
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != "same"}
    links = {path: os.readlink(path) for path in folder.iterdir() if path.is_symlink()}
    outcome = targets.programs.run(*words, "--quiet", cwd=folder, ranks=chance.randint(1, targets.most_ranks if name != "lesson" else 1))
    for file, data in kept.items():
        if (folder / file).read_bytes() != data:
            raise Verdict("lost", f"{file} was overwritten: {outcome}")
    for path, target in links.items():
        if not path.is_symlink() or os.readlink(path) != target:
            raise Verdict("lost", f"{path.name} is no link any more: {outcome}")
    for device in ("/dev/null", "/dev/full"):
        if not Path(device).is_char_device():
            raise Verdict("lost", f"{device} was replaced: {outcome}")
    if not (folder / "pipe").is_fifo():
        raise Verdict("lost", f"a pipe was replaced: {outcome}")


def set_values(targets, folder, chance):
    """Hostile values of keys: a run, or one sentence; a run that takes long ends when it is asked to."""
    name, words, keys = chance.choice([
        ("study", ("langevin", "in.toml"),
         ["ensemble.walkers", "ensemble.seed", "potential.kind", "potential.file", "potential.outside", "integrator.dt",
          "integrator.friction", "integrator.temperature", "integrator.mass", "integrator.scheme", "run.steps",
          "run.equilibrate", "observables.every", "observables.coordinate", "observables.core_sets",
          "observables.frame_every", "observables.correlation_frames", "observables.histogram.bins",
          "observables.histogram.lower", "observables.transient", "output.trajectory.walkers", "output.trajectory.every",
          "checkpoint.every", "initial.position", "initial.velocity", "initial.lower"]),
        ("map", ("spread", "in.toml"),
         ["trunk.steps", "trunk.walker", "trunk.equilibrate", "spread.every", "spread.members", "spread.steps",
          "spread.sigma_position", "spread.seed", "spread.adaptive.tolerance", "potential.barrier", "potential.dimensions"]),
        ("lesson", ("classify", "train", "data.h5", "in.toml"),
         ["classes.thresholds", "network.hidden", "network.activation", "training.epochs", "training.batch",
          "training.learning_rate", "training.seed", "random_points.count", "random_points.lower", "data.held_out",
          "checkpoint.every", "training.optimizer"])])
    targets.inputs(name, folder)
    sets = []
    for key in chance.sample(keys, chance.randint(1, 3)):
        sets += ["--set", f"{key}={chance.choice(NUMBERS)}"]
    process = targets.programs.start(*words, "--quiet", *sets, cwd=folder)
    deadline = time.monotonic() + 3 + 10 * targets.seconds[name]
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if process.poll() is None:
        process.terminate()
        outcome = targets.programs.end(process)
        if outcome.code not in (-signal.SIGTERM, 128 + signal.SIGTERM, *range(2)):
            raise Verdict("crashed", str(outcome))
        return
    outcome = targets.programs.end(process)
    expect_sane(outcome)


# In turn; those within a launch take twenty times as long as others.
ATTACKS = [kill_launch] + 4 * [kill_study, damage, name_outputs, kill_lesson, craft, set_values, damage, kill_map]
