# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Spack's recipe. In a repository of packages it stands as packages/kramers/package.py (packaging/README.md)."""
from spack_repo.builtin.build_systems.cmake import CMakePackage
from spack_repo.builtin.build_systems.cuda import CudaPackage
from spack_repo.builtin.build_systems.rocm import ROCmPackage

from spack.package import *


class Kramers(CMakePackage, CudaPackage, ROCmPackage):
    """Performance-portable dynamics and learning on Kokkos."""

    license("Apache-2.0 WITH LLVM-exception")

    version("main")  # of the checkout: spack dev-build

    variant("openmp", default=True, description="use the OpenMP backend of Kokkos")
    variant("mpi", default=True, description="run over several processes")
    variant("hdf5", default=True, description="write result files and checkpoints")
    variant("hwloc", default=True, description="place ranks near their devices")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("kokkos@4.5.01:5 +serial cxxstd=20")
    depends_on("kokkos +openmp", when="+openmp")
    depends_on("tomlplusplus")
    depends_on("cli11")
    depends_on("nlohmann-json")
    depends_on("mpi", when="+mpi")
    depends_on("hdf5 +mpi", when="+hdf5 +mpi")
    depends_on("hdf5 ~mpi", when="+hdf5 ~mpi")
    depends_on("hwloc@2.5:", when="+hwloc")
    depends_on("python@3.9:", type="run")  # kramers-plot and kramers-launch

    for arch in CudaPackage.cuda_arch_values:
        depends_on(f"kokkos +cuda +wrapper cuda_arch={arch}", when=f"+cuda cuda_arch={arch}")
    for target in ROCmPackage.amdgpu_targets:
        depends_on(f"kokkos +rocm amdgpu_target={target}", when=f"+rocm amdgpu_target={target}")
    conflicts("+cuda", when="cuda_arch=none", msg="name the GPU: cuda_arch=90")
    conflicts("+rocm", when="amdgpu_target=none", msg="name the GPU: amdgpu_target=gfx90a")
    conflicts("+cuda +rocm")

    generator("ninja")

    def cmake_args(self):
        args = [self.define_from_variant(f"KRAMERS_ENABLE_{name.upper()}", name) for name in ("mpi", "hdf5", "hwloc")]
        args += [self.define("KRAMERS_BUILD_TESTS", self.run_tests), self.define("KRAMERS_BUILD_BENCH", False)]
        if self.spec.satisfies("+cuda"):
            args += [self.define("KRAMERS_BACKEND", "CUDA"), self.define("CMAKE_CXX_COMPILER", self["kokkos"].kokkos_cxx)]
        elif self.spec.satisfies("+rocm"):
            args += [self.define("KRAMERS_BACKEND", "HIP"), self.define("CMAKE_CXX_COMPILER", self.spec["hip"].hipcc)]
        elif self.spec.satisfies("+openmp"):
            args.append(self.define("KRAMERS_BACKEND", "OPENMP"))
        return args
