# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finds what kramers builds on, and says plainly what is left out.

# kramers_optional(NAME found-variable reason): honour KRAMERS_ENABLE_<NAME> = ON | OFF | AUTO after a find_package.
macro(kramers_optional name found lost)
  if(KRAMERS_ENABLE_${name} STREQUAL "OFF")
    set(KRAMERS_HAVE_${name} OFF)
  elseif(${found})
    set(KRAMERS_HAVE_${name} ON)
  elseif(KRAMERS_ENABLE_${name} STREQUAL "AUTO")
    set(KRAMERS_HAVE_${name} OFF)
    message(STATUS "kramers: ${name} was not found; left out: ${lost}")
  else()
    message(FATAL_ERROR "KRAMERS_ENABLE_${name} is ON, but ${name} was not found. Install it or set it to OFF.")
  endif()
endmacro()

find_package(Kokkos 4.5...<6 CONFIG REQUIRED)
find_package(tomlplusplus CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)

if(NOT KRAMERS_ENABLE_MPI STREQUAL "OFF")
  find_package(MPI COMPONENTS CXX)
endif()
kramers_optional(MPI MPI_CXX_FOUND "runs over several processes")

if(NOT KRAMERS_ENABLE_HDF5 STREQUAL "OFF")
  set(HDF5_PREFER_PARALLEL ${KRAMERS_HAVE_MPI})
  find_package(HDF5 COMPONENTS C)
endif()
# A parallel HDF5 cannot be used without MPI.
if(HDF5_FOUND AND HDF5_IS_PARALLEL AND NOT KRAMERS_HAVE_MPI)
  message(STATUS "kramers: the HDF5 found is a parallel one, which needs MPI")
  set(HDF5_FOUND OFF)
endif()
kramers_optional(HDF5 HDF5_FOUND "result files and checkpoints")
if(KRAMERS_HAVE_HDF5 AND KRAMERS_HAVE_MPI AND HDF5_IS_PARALLEL)
  set(KRAMERS_HAVE_HDF5_PARALLEL ON)
else()
  set(KRAMERS_HAVE_HDF5_PARALLEL OFF)
endif()

find_package(PkgConfig)
# kramers_package(NAME module): <module>_FOUND and the target PkgConfig::<module>, unless KRAMERS_ENABLE_<NAME> is OFF.
macro(kramers_package name module)
  if(PkgConfig_FOUND AND NOT KRAMERS_ENABLE_${name} STREQUAL "OFF")
    pkg_check_modules(${module} IMPORTED_TARGET ${ARGN})
  endif()
endmacro()
kramers_package(HWLOC hwloc hwloc>=2.5)
kramers_optional(HWLOC hwloc_FOUND "kramers-topo and the placement of ranks")
kramers_package(BLAS openblas openblas)
kramers_optional(BLAS openblas_FOUND "OpenBLAS for large layers on hosts")

if(NOT KRAMERS_ENABLE_KERNELS STREQUAL "OFF")
  find_package(KokkosKernels CONFIG QUIET)
endif()
kramers_optional(KERNELS KokkosKernels_FOUND "Kokkos Kernels for large layers")
