# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The presets of machines without the machines: CMake reads each of them, and kramers takes their flags."""
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCES = Path(__file__).resolve().parents[2]
FOLDER = SOURCES / "cmake/presets/machines"
FILES = {path: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
PRESETS = {preset["name"]: preset for content in FILES.values() for preset in content["configurePresets"]}
# What CMake asks of the environment before it shows a preset.
ENVIRONMENT = {preset["condition"]["lhs"][len("$penv{"):-1]: preset["condition"]["rhs"]
               for preset in PRESETS.values() if "condition" in preset}
EXPECTED = """alps-daint aurora elcapitan frontier h100-node h200-node jupiter leonardo-booster leonardo-dcgp lumi-c lumi-g macos
mn5-acc mn5-gpp perlmutter-cpu perlmutter-gpu polaris tioga tuolumne vt-falcon-a30 vt-falcon-l40s vt-falcon-t4 vt-falcon-v100
vt-tinkercliffs vt-tinkercliffs-a100 vt-tinkercliffs-h200 workstation""".split()


def cmake(*words, **environment):
    return subprocess.run(["cmake", *words], cwd=SOURCES, env={**os.environ, **ENVIRONMENT, **environment},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Listed(unittest.TestCase):
    def test_every_machine_has_its_preset(self):
        self.assertEqual(sorted(PRESETS), EXPECTED)

    def test_every_file_is_included(self):
        included = json.loads((SOURCES / "CMakePresets.json").read_text())["include"]
        self.assertEqual([SOURCES / name for name in included if "machines/" in name], list(FILES))

    def test_cmake_lists_configure_build_test_and_workflow_presets(self):
        for kind in ("configure", "build", "test", "workflow"):
            told = cmake(f"--list-presets={kind}").stdout
            self.assertEqual([name for name in EXPECTED if f'"{name}"' not in told], [], kind)

    def test_the_presets_of_development_stay(self):
        told = cmake("--list-presets=all").stdout
        for name in ("openmp", "serial", "debug", "fuzz", "cuda", "hip", "cuda-check", "hip-check"):
            self.assertEqual(told.count(f'"{name}"'), 4, name)

    def test_a_machine_with_a_name_is_hidden_elsewhere(self):
        told = cmake("--list-presets=configure", NERSC_HOST="", LMOD_SYSTEM_NAME="").stdout
        self.assertNotIn('"perlmutter-gpu"', told)
        self.assertNotIn('"frontier"', told)
        self.assertIn('"lumi-g"', told)


class Resolved(unittest.TestCase):
    """`cmake --preset NAME -N` tells the variables that a preset comes to."""

    @classmethod
    def setUpClass(cls):
        cls.variables = {}
        for name in PRESETS:
            with tempfile.TemporaryDirectory() as folder:
                ran = cmake("--preset", name, "-N", "-B", folder)
            assert ran.returncode == 0, ran.stdout
            cls.variables[name] = dict(re.findall(r'^  (\w+)(?::\w+)?="(.*)"$', ran.stdout, re.MULTILINE))

    def test_each_names_backend_processor_and_device(self):
        for name, variables in self.variables.items():
            with self.subTest(name):
                backend = variables["KRAMERS_BACKEND"]
                self.assertIn(backend, ("CUDA", "HIP", "OPENMP", "SERIAL"))
                self.assertRegex(variables["KRAMERS_CPU_FLAGS"], "^-m(arch|cpu)=")
                self.assertEqual("KRAMERS_GPU_ARCH" in variables, backend in ("CUDA", "HIP"))
                self.assertEqual(variables["CMAKE_BUILD_TYPE"], "Release")

    def test_known_facts(self):
        for name, variable, value in (("perlmutter-gpu", "KRAMERS_GPU_ARCH", "AMPERE80"),
                                      ("perlmutter-gpu", "CMAKE_CXX_COMPILER", "CC"),
                                      ("frontier", "KRAMERS_GPU_ARCH", "AMD_GFX90A"),
                                      ("tioga", "KRAMERS_GPU_ARCH", "AMD_GFX90A"),
                                      ("tuolumne", "KRAMERS_GPU_ARCH", "AMD_GFX942_APU"),
                                      ("alps-daint", "KRAMERS_GPU_ARCH", "HOPPER90"),
                                      ("alps-daint", "KRAMERS_CPU_FLAGS", "-mcpu=neoverse-v2"),
                                      ("aurora", "KRAMERS_BACKEND", "OPENMP"),
                                      ("aurora", "CMAKE_CXX_FLAGS", "-fp-model=precise"),
                                      ("vt-tinkercliffs", "KRAMERS_CPU_FLAGS", "-march=znver2"),
                                      ("tuolumne", "MPIEXEC_NUMPROC_FLAG", "run;-n")):
            self.assertEqual(self.variables[name].get(variable), value, name)

    def test_the_compiler_knows_the_processors(self):
        flags = {variables["KRAMERS_CPU_FLAGS"] for variables in self.variables.values()}
        for flag in sorted(flag for flag in flags if flag.startswith("-march=")):
            ran = subprocess.run(["g++", flag, "-x", "c++", "-fsyntax-only", os.devnull], capture_output=True, text=True)
            self.assertEqual(ran.returncode, 0, ran.stderr)


KOKKOS = """
set(Kokkos_VERSION 4.7.01)
set(has @HAS@)
add_library(Kokkos::kokkos INTERFACE IMPORTED)
function(kokkos_check)
  cmake_parse_arguments(check "" "RETURN_VALUE" "DEVICES;ARCH" ${ARGN})
  set(found TRUE)
  foreach(what IN LISTS check_DEVICES check_ARCH)
    if(NOT what IN_LIST has)
      set(found FALSE)
    endif()
  endforeach()
  set(${check_RETURN_VALUE} ${found} PARENT_SCOPE)
endfunction()
"""


class Configured(unittest.TestCase):
    """A Kokkos and compilers that only have the names of those of a machine."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        for name in ("CC", "cc", "hipcc", "icx", "icpx"):
            real = shutil.which("gcc" if name in ("cc", "icx") else "g++")
            stub = self.folder / name
            # Options of makers' compilers are not GCC's.
            stub.write_text(f"""#!/bin/bash
words=()
for word; do [[ $word == -fp-model=precise ]] || words+=("$word"); done
exec {real} "${{words[@]}}"
""")
            stub.chmod(0o755)

    def configure(self, preset, *has):
        kokkos = self.folder / "lib/cmake/Kokkos"
        kokkos.mkdir(parents=True, exist_ok=True)
        (kokkos / "KokkosConfig.cmake").write_text(KOKKOS.replace("@HAS@", " ".join(has)))
        (kokkos / "KokkosConfigVersion.cmake").write_text('set(PACKAGE_VERSION 4.7.01)\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n')
        off = [f"-DKRAMERS_ENABLE_{name}=OFF" for name in ("MPI", "HDF5", "HWLOC", "BLAS", "KERNELS")]
        return cmake("--preset", preset, "-B", str(self.folder / "build"), f"-DKokkos_DIR={kokkos}", *off,
                     "-DKRAMERS_BUILD_TESTS=OFF", "-DKRAMERS_BUILD_BENCH=OFF",
                     PATH=f"{self.folder}:{os.environ['PATH']}", MPICH_DIR=str(self.folder),
                     CMAKE_C_COMPILER_LAUNCHER="", CMAKE_CXX_COMPILER_LAUNCHER="")

    def test_cuda_with_the_wrappers_of_cray(self):
        ran = self.configure("perlmutter-gpu", "CUDA", "SERIAL", "AMPERE80", "ZEN3")
        self.assertEqual(ran.returncode, 0, ran.stdout)
        self.assertNotIn("KRAMERS_", ran.stdout.partition("not used by the project")[2])
        self.assertIn("-march=znver3", (self.folder / "build/build.ninja").read_text())

    def test_hip(self):
        ran = self.configure("frontier", "HIP", "SERIAL", "AMD_GFX90A")
        self.assertEqual(ran.returncode, 0, ran.stdout)

    def test_the_compiler_of_intel(self):
        ran = self.configure("aurora", "OPENMP", "SERIAL")
        self.assertEqual(ran.returncode, 0, ran.stdout)
        self.assertIn("-fp-model=precise", (self.folder / "build/build.ninja").read_text())

    def test_a_kokkos_for_another_gpu_is_refused(self):
        ran = self.configure("perlmutter-gpu", "CUDA", "SERIAL", "HOPPER90")
        self.assertNotEqual(ran.returncode, 0)
        self.assertRegex(" ".join(ran.stdout.split()), "was not built for the GPU AMPERE80: name one that was")

    def test_a_kokkos_without_the_backend_is_refused(self):
        ran = self.configure("lumi-c", "SERIAL")
        self.assertNotEqual(ran.returncode, 0)
        self.assertRegex(" ".join(ran.stdout.split()), "was built without OPENMP")


if __name__ == "__main__":
    unittest.main(verbosity=2)
