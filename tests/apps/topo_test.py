# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-topo as its users meet it: each command on every node, files that other tools accept, bad input, real jobs."""
import argparse
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

parser = argparse.ArgumentParser()
parser.add_argument("--program", default="kramers-topo")
parser.add_argument("--models", type=Path, required=True)
parser.add_argument("--openmp", help="the program openmp_places, where it could be built")
parser.add_argument("--launcher", action="append", default=[], help="a word of what starts ranks; NP is their number")
options, unittest_words = parser.parse_known_args()

# Longer than anything here takes, even with sanitizers on a busy machine.
PATIENCE = 120
TARGETS = ("mpich", "cray", "ucx", "ompi", "nccl", "libfabric", "slurm", "openmp", "cuda", "rocm", "level-zero")
SHELL = shutil.which("sh")


def nodes():
    """Models, and exports of real nodes where KRAMERS_TOPO_CORPUS says where; files of hwloc 3 are not read here."""
    folders = [options.models] + [Path(f) for f in [os.environ.get("KRAMERS_TOPO_CORPUS")] if f]
    return [file for folder in folders for file in sorted(folder.glob("*.xml")) if not file.stem.endswith("-v3")]


def of_this_job(name):
    """A variable by which a launcher, OpenMP or a library would place this process."""
    return re.match(r"(OMP|OMPI|PMIX?|MPI|SLURM|PALS|FLUX|UCX|FI|NCCL|MPICH|MPIR)_|.*_VISIBLE_DEVICES$", name)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-topo-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def attempt(self, *words, launch=(), environment=None, program=None):
        inherited = {name: value for name, value in os.environ.items()
                     if launch or not of_this_job(name)}
        inherited.pop("OMP_PROC_BIND", None)
        return subprocess.run([*launch, program or options.program, *map(str, words)], cwd=self.folder, text=True,
                              env={**inherited, **(environment or {})}, capture_output=True, timeout=PATIENCE)

    def good(self, *words, **how):
        outcome = self.attempt(*words, **how)
        self.assertEqual(outcome.returncode, 0, (words, outcome.stderr))
        self.assertEqual(outcome.stderr, "", words)
        return outcome.stdout

    def document(self, *words):
        found = json.loads(self.good(*words, "--json"))
        self.assertEqual(found["schema"], 1)
        self.assertEqual(found["kind"], words[0])
        return found

    def refused(self, code, *words, says, **how):
        """One sentence on stderr, nothing on stdout, that exit code."""
        outcome = self.attempt(*words, **how)
        self.assertEqual(outcome.returncode, code, (words, outcome.stdout, outcome.stderr))
        self.assertEqual(outcome.stdout, "", words)
        lines = outcome.stderr.splitlines()
        self.assertEqual(len(lines), 1, outcome.stderr)
        self.assertTrue(lines[0].startswith("kramers-topo: error: "), lines)
        self.assertIn(says, lines[0])


class Commands(Case):
    """Every command on every node."""

    def test_trees_and_distances(self):
        for node in nodes():
            with self.subTest(node=node.name):
                machine = self.document("tree", "--xml", node)["machine"]
                tree = self.good("tree", "--xml", node)
                self.assertIn(f"{len(machine['cores'])} core", tree)
                nics = [d for d in machine["devices"] if "NIC" in d["kind"]]
                gpus = [d for d in machine["devices"] if d["kind"].startswith("GPU")]
                distances = self.document("distance", "--xml", node)
                self.assertEqual(len(distances["pairs"]), len(nics) * len(gpus))
                self.assertNotIn("\x1b", tree + self.good("distance", "--xml", node))
                self.good("distance", "--xml", node, "--from", "core:0")
                for device in machine["devices"]:
                    self.assertIn(device["name"], tree)

    def test_published_numbers_of_the_modelled_node(self):
        node = options.models / "perlmutter-gpu.xml"
        for metric, key, numbers in (("hops", "hops", [10, 8, 10, 10]), ("legacy", "steps", [213, 47, 379, 379])):
            nics = self.document("distance", "--xml", node, "--from", "core:20", "--metric", metric)["nics"]
            found = {nic["nic"]: nic[key] for nic in nics}
            self.assertEqual([found[f"hsn{i}"] for i in range(4)], numbers)

    def test_plans_pass_the_check(self):
        for node in nodes():
            for ranks in (1, 2, 4):
                with self.subTest(node=node.name, ranks=ranks):
                    plan = self.document("plan", "-n", ranks, "--xml", node)
                    self.assertEqual([a["rank"] for a in plan["assignments"]], list(range(ranks)))
                    self.assertTrue(all(a["why"] for a in plan["assignments"]))
                    (self.folder / "plan.json").write_text(json.dumps(plan))
                    outcome = self.attempt("check", "--binding", "plan.json", "--xml", node)
                    self.assertIn(outcome.returncode, (0, 1), outcome.stdout)
                    self.assertIn("rank", self.good("plan", "-n", ranks, "--xml", node))

    def test_one_script_serves_all_nodes(self):
        for node in nodes():
            with self.subTest(node=node.name):
                text = self.good("env", "-n", 4, "--for", "all", "--xml", node)
                document = self.document("env", "-n", 4, "--for", "all", "--xml", node)
                self.assertEqual(sorted(t["target"] for t in document["targets"]), sorted(set(TARGETS) - {"slurm", "ompi"}))
                self.assertEqual(self.shell_sets(text, "1").get("OMP_PROC_BIND"), "close")
                for settings in document["targets"]:
                    if settings["variables"]:
                        continue
                    self.assertRegex(settings["notes"][0], f"^there is nothing to set for {settings['target']}: ")
                    self.assertIn(f"for {settings['target']}\n# {settings['notes'][0]}\n", text)
        laptop = self.good("env", "-n", 1, "--for", "cuda", "--xml", options.models / "laptop.xml")
        self.assertEqual([line for line in laptop.splitlines() if not line.startswith("#")], [])

    def test_environments_are_shell(self):
        for node in nodes():
            for target in TARGETS:
                with self.subTest(node=node.name, target=target):
                    words = ("env", "-n", 4, "--for", target, "--strict", "--xml", node)
                    outcome = self.attempt(*words)
                    if outcome.returncode == 64:
                        self.assertIn("nothing to set", outcome.stderr)
                        continue
                    self.assertEqual(outcome.returncode, 0, outcome.stderr)
                    settings = self.document(*words)["targets"][0]
                    if settings["file"]:
                        continue  # a rankfile, no shell
                    for rank in range(4):
                        expected = {v["name"]: v["value"] for v in settings["variables"] if v["rank"] in (None, rank)}
                        for script, local in ((outcome.stdout, str(rank)), (self.good(*words, "--rank", rank), "")):
                            shown = self.shell_sets(script, local)
                            self.assertEqual({name: shown.get(name) for name in expected}, expected)

    def shell_sets(self, script, local_rank):
        done = subprocess.run([SHELL, "-euc", script + "\nenv -0"], text=True, capture_output=True, timeout=PATIENCE,
                              env={"PATH": os.environ["PATH"], "SLURM_LOCALID": local_rank})
        self.assertEqual((done.returncode, done.stderr), (0, ""), script)
        return dict(entry.split("=", 1) for entry in done.stdout.split("\0") if "=" in entry)

    def test_pictures_are_svg(self):
        for node in nodes():
            with self.subTest(node=node.name):
                self.good("tree", "--xml", node, "--svg", "node.svg", "-n", 4)
                root = ElementTree.parse(self.folder / "node.svg").getroot()
                self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
                right = [float(r.get("x")) + float(r.get("width")) for r in root if r.get("width") and r.get("x")]
                self.assertLessEqual(max(right), 1600)

    def test_a_pipe_is_written_through(self):
        picture = self.good("tree", "--xml", options.models / "laptop.xml", "--svg", "/dev/stdout")
        self.assertTrue(picture.endswith("</svg>\n"), picture)

    def test_the_version(self):
        self.assertRegex(self.good("--version"), r"^kramers-topo \d+\.\d+\.\d+ \(git .*, hwloc \d+\.\d+\)\n$")

    def test_nccl_finds_each_device_below_its_node(self):
        for node in nodes():
            with self.subTest(node=node.name):
                machine = self.document("tree", "--xml", node)["machine"]
                root = ElementTree.fromstring(self.good("emit-nccl-topo", "--xml", node))
                self.assertEqual(root.tag, "system")
                place = {pci.get("busid"): cpu for cpu in root for pci in cpu.iter("pci")}
                parents = {child: parent for parent in root.iter() for child in parent}
                systems_number = {n["numa"]: n["os_index"] for n in machine["numa_nodes"]}
                self.assertLessEqual({int(cpu.get("numaid")) for cpu in root}, set(systems_number.values()))
                for device in machine["devices"]:
                    if device["kind"] == "management NIC":
                        continue
                    cpu = place[device["bus_id"]]
                    if device["anchored"] and len(device["numa_os"]) == 1:
                        self.assertEqual(int(cpu.get("numaid")), device["numa_os"][0])
                # What hangs below one switch in hwloc's file does so here.
                original = ElementTree.parse(node).getroot()
                above = {child: parent for parent in original.iter() for child in parent}
                for element in original.iter("object"):
                    short = element.get("pci_busid")
                    if element.get("type") != "PCIDev" or short not in place:
                        continue
                    pci = next(p for p in root.iter("pci") if p.get("busid") == short)
                    bridge = above[element]
                    expected = bridge.get("pci_busid") if bridge.get("bridge_type") == "1-1" else None
                    self.assertEqual(parents[pci].get("busid"), expected, short)

    def test_snapshots_are_the_same_node(self):
        for node in nodes():
            with self.subTest(node=node.name):
                self.good("snapshot", "--xml", node, "-o", "copy")
                self.assertEqual(json.loads((self.folder / "copy.json").read_text())["kind"], "snapshot")
                self.assertEqual(self.document("diff", node, "copy.xml")["differences"], [])

    def test_differences_are_told(self):
        outcome = self.attempt("diff", options.models / "perlmutter-gpu.xml", options.models / "ports-down.xml")
        self.assertEqual(outcome.returncode, 1)
        self.assertIn("fabric", outcome.stdout)

    def test_variables_that_are_set_already(self):
        self.assertIn("OMP_NUM_THREADS=1\n", self.good("run", "-n", 1, "--rank", 0, "--threads", 1, "--", "env"))
        how = {"environment": {"OMP_NUM_THREADS": "77"}}
        kept = self.attempt("run", "-n", 1, "--rank", 0, "--threads", 1, "--", "env", **how)
        self.assertIn("OMP_NUM_THREADS=77\n", kept.stdout)
        self.assertIn("keeping OMP_NUM_THREADS=77; the plan has 1 (--force takes it)", kept.stderr)
        self.assertIn("OMP_NUM_THREADS=1\n", self.good("run", "-n", 1, "--rank", 0, "--threads", 1, "--force", "--", "env", **how))

    def test_this_machine(self):
        self.assertIn("NUMA 0", self.good("tree"))
        self.good("plan", "-n", 1)
        self.good("snapshot", "-o", "here")
        self.assertEqual(self.document("diff", "here.xml")["differences"], [])


class BadInput(Case):
    """A sentence that says what is wrong, and the right exit code."""

    def test_numbers_of_a_plan_are_refused_by_their_option(self):
        node = options.models / "laptop.xml"
        for option, value, rule in (("--threads", -1, ">= 0"), ("--smt", 0, ">= 1"), ("--reserve-per-numa", -1, ">= 0"),
                                    ("--ranks-per-gpu", -1, ">= 0"), ("--ranks", 0, ">= 1")):
            with self.subTest(option=option):
                words = ("-n", 1) if option != "--ranks" else ()
                self.refused(64, "plan", "--xml", node, *words, f"{option}={value}",
                             says=f"invalid {option}: got {value}; expected {rule}")
        self.refused(64, "plan", "--xml", node, "-n", 1, "--threads", 999, says="1 rank of 999 threads does not fit on")

    def test_command_lines(self):
        node = options.models / "laptop.xml"
        for says, words in {
                "must be one of tree, ": (), "but is bogus": ("bogus",), "--ranks": ("plan",), "TEXT": ("plan", "-n", "many"),
                "--policy": ("plan", "-n", 1, "--policy", "best", "--xml", node),
                "--for": ("env", "-n", 1, "--for", "intel", "--xml", node),
                "no rank 1": ("env", "-n", 1, "--for", "openmp", "--rank", 1, "--xml", node),
                "no GPU of NVIDIA": ("env", "-n", 1, "--for", "cuda", "--strict", "--xml", node),
                "--metric": ("distance", "--metric", "miles", "--xml", node),
                "--from core:N": ("distance", "--metric", "hops", "--xml", node),
                "cores are 0 to 7": ("distance", "--from", "core:99", "--xml", node),
                "a NUMA node that": ("distance", "--from", "numa:7", "--xml", node),
                "--fabric": ("tree", "--fabric", "carrier-pigeon", "--xml", node),
                "--partition": ("tree", "--partition", "x", "--xml", node),
                "--restrict": ("tree", "--restrict", "a-z", "--xml", node),
                "400 ranks": ("plan", "-n", 400, "--xml", node),
                "no process": ("check", "--pid", 2**22 + 1),
                "launchers": ("run", "--for", "slurm", "--", "true"),
                "command": ("run",),
                "the rank is 5": ("run", "-n", 2, "--rank", 5, "--", "true")}.items():
            with self.subTest(words=words):
                self.refused(64, *words, says=says if says != "TEXT" else "many")

    def test_files(self):
        text = (options.models / "perlmutter-gpu.xml").read_text()
        for name, content in {"truncated": text[:len(text) // 2], "empty": "", "foreign": "<svg/>", "noise": "\x7fELF"}.items():
            (self.folder / name).write_text(content)
            self.refused(65, "tree", "--xml", name, says=name)
        self.refused(65, "tree", "--xml", "absent.xml", says="absent.xml")
        self.refused(65, "tree", "--xml", self.folder, says=str(self.folder))
        v3 = Path(os.environ.get("KRAMERS_TOPO_CORPUS", "")) / "hwloc-irregular-disallowed-v3.xml"
        if v3.is_file():
            self.refused(65, "tree", "--xml", v3, says="3.0")

    def test_bindings_and_maps(self):
        node = options.models / "perlmutter-gpu.xml"
        for content, says in (("{", "not JSON"), ("{}", "bindings"), ('{"bindings": [{}]}', "rank"),
                              ('{"bindings": [{"rank": 0, "cpus": "x"}]}', "cpus")):
            (self.folder / "b.json").write_text(content)
            self.refused(65, "check", "--xml", node, "--binding", "b.json", says=says)
        self.refused(65, "check", "--xml", node, "--binding", "absent.json", says="absent.json")
        for content, says in (("0\n", "map:1: "), ("\n0 a-b\n", "map:2: "), ("# none\n", "no line"), ("0 1 a b c", "more than")):
            (self.folder / "map").write_text(content)
            self.refused(65, "plan", "-n", 1, "--xml", node, "--map", "map", says=says)
        (self.folder / "map").write_text("0 0-3 cuda9 hsn0\n")
        self.refused(64, "plan", "-n", 1, "--xml", node, "--map", "map", says="cuda9")
        (self.folder / "map").write_text("0 0-3 cuda3 -  # a rank\n")
        self.assertIn("cuda3", self.good("plan", "-n", 1, "--xml", node, "--map", "map"))

    def test_files_that_cannot_be_written(self):
        self.refused(1, "tree", "--svg", "absent/node.svg", says="absent/node.svg")
        (self.folder / "kept").mkdir()
        self.refused(1, "emit-nccl-topo", "--xml", options.models / "laptop.xml", "-o", "kept", says="kept")
        self.assertEqual([entry.name for entry in self.folder.iterdir()], ["kept"])

    def test_programs_that_cannot_be_started(self):
        self.refused(127, "run", "--", "./absent", says="./absent")


class Verdicts(Case):
    """Exit codes of check."""

    def verdict(self, *bindings, node="perlmutter-gpu", words=()):
        (self.folder / "bindings.json").write_text(json.dumps({"bindings": bindings}))
        outcome = self.attempt("check", "--json", "--xml", options.models / f"{node}.xml", "--binding", "bindings.json", *words)
        return outcome.returncode, {f["code"] for f in json.loads(outcome.stdout)["findings"]}

    def test_exit_codes(self):
        self.assertEqual(self.verdict({"rank": 0, "cpus": "0-15"}, {"rank": 1, "cpus": "16-31"}), (0, set()))
        self.assertEqual(self.verdict({"rank": 0, "cpus": "0-15"}, {"rank": 1, "cpus": "64-79"}), (1, {"SMT_SIBLING_SHARED"}))
        self.assertEqual(self.verdict({"rank": 0, "cpus": "0-15"}, {"rank": 1, "cpus": "8-20"})[0], 2)
        self.assertEqual(self.verdict({"rank": 0, "cpus": "0-15"}, words=("--reserve", "0")), (2, {"RESERVED_CORE"}))
        far = {"rank": 0, "cpus": "0-15", "environment": {"UCX_NET_DEVICES": "hsn3"}}
        self.assertEqual(self.verdict(far), (2, {"FAR_NIC"}))
        down = {"rank": 0, "cpus": "0-7"}
        self.assertEqual(self.verdict(down, node="ports-down"), (1, {"NIC_DOWN"}))
        note = {"rank": 0, "cpus": "0-15", "environment": {"CUDA_VISIBLE_DEVICES": "3"}}
        self.assertEqual(self.verdict(note), (0, {"GPU_INDEX_AMBIGUOUS"}))

    def test_this_process(self):
        outcome = self.attempt("check")
        self.assertEqual(outcome.returncode, 0 if "UNBOUND" not in outcome.stdout else 1, outcome.stdout)
        self.assertIn("only rank", outcome.stdout)
        sleeper = subprocess.Popen(["sleep", "100"], env={"OMPI_COMM_WORLD_LOCAL_RANK": "3", "UCX_NET_DEVICES": "nic7"})
        self.addCleanup(lambda: (sleeper.kill(), sleeper.wait()))
        # Popen returns while the kernel still starts the program: until then /proc shows another environment or none.
        deadline = time.monotonic() + PATIENCE
        while b"nic7" not in Path(f"/proc/{sleeper.pid}/environ").read_bytes():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)
        judged = json.loads(self.attempt("check", "--json", "--pid", sleeper.pid).stdout)
        self.assertEqual(judged["bindings"][0]["rank"], 3)
        self.assertEqual(judged["bindings"][0]["environment"], {"UCX_NET_DEVICES": "nic7"})


class Job(Case):
    """Under a real launcher."""

    def setUp(self):
        super().setUp()
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("two ranks need two hardware threads")
        if not options.launcher or "mpirun" not in os.path.basename(options.launcher[0]) and "mpiexec" not in options.launcher[0]:
            self.skipTest("no mpirun")
        version = subprocess.run([options.launcher[0], "--version"], text=True, capture_output=True, timeout=PATIENCE)
        if "Open MPI" not in version.stdout:
            self.skipTest("the launcher is not Open MPI")

    def job(self, *words, how=(), program=None, environment=None):
        launch = [word.replace("NP", "2") for word in options.launcher] + list(how)
        return self.attempt(*words, launch=launch, program=program, environment=environment)

    def test_bound_ranks_are_fine(self):
        outcome = self.job("check", "--json", how=("--bind-to", "core"))
        self.assertEqual(outcome.returncode, 0, outcome.stdout + outcome.stderr)
        judged = json.loads(outcome.stdout)  # one verdict of two ranks
        self.assertEqual([rank["rank"] for rank in judged["ranks"]], [0, 1])
        self.assertEqual(judged["findings"], [])

    def test_unbound_ranks_are_not(self):
        outcome = self.job("check", how=("--bind-to", "none"))
        self.assertEqual(outcome.returncode, 2, outcome.stdout + outcome.stderr)
        self.assertEqual(outcome.stdout.count("UNBOUND"), 1, outcome.stdout)
        self.assertNotIn("\x1b", outcome.stdout)

    def test_run_binds_them(self):
        outcome = self.job("run", "--", options.program, "check", "--json", how=("--bind-to", "none"),
                           environment={"OMP_NUM_THREADS": "1"})
        self.assertEqual(outcome.returncode, 0, outcome.stdout + outcome.stderr)
        first, second = json.loads(outcome.stdout)["bindings"]
        self.assertNotEqual(first["cpus"], second["cpus"])
        self.assertEqual(first["environment"]["OMP_NUM_THREADS"], "1")
        self.assertEqual(first["environment"]["OMP_PLACES"], "{" + first["cpus"].split("-")[0] + "}")

    def test_no_rank_is_left_behind(self):
        self.job("check", how=("--bind-to", "core"))
        self.assertEqual(list(Path("/dev/shm").glob(f"kramers-topo-{os.getuid()}-*")), [])

    def test_open_mpi_takes_the_rankfile(self):
        # The plan, and the one that swaps the ranks.
        cpus = [a["cpus"] for a in self.document("plan", "-n", 2)["assignments"]]
        for places in (cpus, cpus[::-1]):
            (self.folder / "map").write_text("".join(f"{rank} {place} - none\n" for rank, place in enumerate(places)))
            text = self.good("env", "-n", 2, "--for", "ompi", "--map", "map")
            (self.folder / "ranks").write_text(text)
            line = next(line for line in text.splitlines() if " mpirun " in line)
            how = line.split()[4:-1]  # after "# mpirun -n 2"
            self.assertEqual(how[0], "--map-by", line)
            how = [word.replace("FILE", "ranks") for word in how]
            outcome = self.job("check", "--json", how=how)
            self.assertEqual(outcome.returncode, 0, (how, outcome.stdout, outcome.stderr))
            judged = json.loads(outcome.stdout)
            for binding, place in zip(judged["bindings"], places):
                core = set(numbers(binding["cpus"]))
                self.assertLessEqual(set(numbers(place)), core, text)


class OpenMp(Case):
    """OpenMP puts threads where the plan says."""

    def test_places_are_taken(self):
        if not options.openmp:
            self.skipTest("built without OpenMP")
        planned = self.document("plan", "-n", 1)["assignments"][0]["cpus"]
        outcome = self.attempt("run", "--", options.openmp, environment={"OMP_DISPLAY_AFFINITY": "true"})
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        threads = dict(line.split(":") for line in outcome.stdout.splitlines() if re.match(r"\d+:", line))
        places = {int(thread): [int(cpu) for cpu in cpus.split()] for thread, cpus in threads.items()}
        self.assertEqual(places, {i: [cpu] for i, cpu in enumerate(numbers(planned))})
        # What OpenMP itself says, a line per thread.
        self.assertGreaterEqual(len((outcome.stdout + outcome.stderr).splitlines()), 2 * len(places))


def numbers(text):
    """The members of a list like 0-3,8."""
    ends = [[int(end) for end in part.split("-")] for part in text.split(",") if part]
    return [number for part in ends for number in range(part[0], part[-1] + 1)]


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *unittest_words])
