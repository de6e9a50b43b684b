# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Compiles every kernel of the project to real device code with a GPU's compiler (KRAMERS_DEVICE_CHECK: cuda or hip),
# where no Kokkos for that GPU is to be had: proves that the one source is right for it. The objects cannot be linked.
# Kokkos installs the headers of all its backends, but a configuration that names only those it was built with; an
# overlay of edited copies of those few files, searched first, names the GPU.

# Each header with kernels in each precision: the other instances differ in the potential alone. The test device.*.coverage
# fails where a header with device code is included by none of the sources.
include(KramersPotentials)
include("${PROJECT_SOURCE_DIR}/algorithms/dynamics/potentials.cmake")
kramers_builtin_potential_sources(potential_sources)
list(FILTER potential_sources INCLUDE REGEX
     "/(double_well_(ensemble_f..|spread_map)|(mueller_brown|harmonic)_ensemble_f64|(tabulated|cosine)_ensemble_f32)\\.cpp$")
include(KramersInstances)
kramers_ml_instances(kernel_sources)
list(FILTER kernel_sources INCLUDE REGEX "/(gemm|resident\\.TwoClasses)\\.")
list(APPEND kernel_sources ${potential_sources})

if(KRAMERS_DEVICE_CHECK STREQUAL "cuda")
  find_program(KRAMERS_DEVICE_COMPILER nvcc PATHS /usr/local/cuda/bin)
  set(names CUDA Cuda)
  set(defined KOKKOS_ENABLE_CUDA KOKKOS_ARCH_HOPPER KOKKOS_ARCH_HOPPER90)
  set(flags -x cu -arch=sm_90 --extended-lambda --expt-relaxed-constexpr --fmad=false --compress-mode=none
            -Werror cross-execution-space-call,reorder -Xcompiler -Wall,-Wextra,-ffp-contract=off,-fopenmp-simd)
  set(kernel "^\\.nv\\.constant0\\..*kramers")
elseif(KRAMERS_DEVICE_CHECK STREQUAL "hip")
  find_program(KRAMERS_DEVICE_COMPILER hipcc PATHS /opt/rocm/bin /hip/usr/bin)
  set(names HIP HIP)
  set(defined KOKKOS_ENABLE_HIP KOKKOS_ARCH_AMD_GFX90A "KOKKOS_ARCH_AMD_GPU \"GFX90A\"")
  set(flags -x hip --offload-arch=gfx90a -Wall -Wextra -Wpedantic -Wshadow -Werror -ffp-contract=off
            -Xarch_host -O0 -Xarch_device -O3)
  set(kernel "kramers.*\\.kd$")
else()
  message(FATAL_ERROR "KRAMERS_DEVICE_CHECK is '${KRAMERS_DEVICE_CHECK}', want cuda or hip")
endif()
set(check "device.${KRAMERS_DEVICE_CHECK}")

# ./dev shows the root with HIP's compiler as /hip; inside it the source and build folders have the same paths as here.
set(enter "")
set(root "")
if(KRAMERS_DEVICE_COMPILER MATCHES "^/hip(/.*)")
  set(KRAMERS_DEVICE_COMPILER "${CMAKE_MATCH_1}")
  set(root /hip)
  set(enter chroot /hip env -C "${PROJECT_BINARY_DIR}")
endif()
find_path(KRAMERS_KOKKOS_HEADERS Kokkos_Core.hpp PATHS "${root}/usr/include" PATH_SUFFIXES kokkos)
list(GET names 0 upper)
list(GET names 1 mixed)

enable_testing()
if(NOT KRAMERS_DEVICE_COMPILER OR NOT EXISTS "${KRAMERS_KOKKOS_HEADERS}/setup/Kokkos_Setup_${mixed}.hpp")
  set(reason "skipped: no compiler for ${KRAMERS_DEVICE_CHECK}, or no Kokkos headers for it")
  message(STATUS "${check} ${reason}")
  add_test(NAME ${check} COMMAND "${CMAKE_COMMAND}" -E echo "${reason}")
  set_tests_properties(${check} PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped:")
  return()
endif()

# The overlay, with Serial as the host's backend.
set(overlay "${PROJECT_BINARY_DIR}/overlay")
# kramers_overlay(file pattern text...): copy a header into the overlay with replacements.
function(kramers_overlay file)
  file(READ "${KRAMERS_KOKKOS_HEADERS}/${file}" text)
  while(ARGN)
    list(POP_FRONT ARGN pattern replacement)
    if(NOT text MATCHES "${pattern}")
      message(FATAL_ERROR "${KRAMERS_KOKKOS_HEADERS}/${file} has no '${pattern}': the overlay does not know this Kokkos")
    endif()
    string(REGEX REPLACE "${pattern}" "${replacement}" text "${text}")
  endwhile()
  file(CONFIGURE OUTPUT "${overlay}/${file}" CONTENT "${text}" @ONLY)
endfunction()
set(edits "#define KOKKOS_ENABLE_OPENMP" "#define KOKKOS_ENABLE_SERIAL")
foreach(macro IN LISTS defined)
  string(REGEX MATCH "^[^ ]+" name "${macro}")
  list(APPEND edits "/\\* #undef ${name} \\*/" "#define ${macro}")
endforeach()
kramers_overlay(KokkosCore_config.h ${edits})
kramers_overlay(KokkosCore_Config_SetupBackend.hpp "_HPP_\n\n" "_HPP_\n\n#include <setup/Kokkos_Setup_${mixed}.hpp>\n")
foreach(kind Declare Fwd)
  string(TOLOWER "${kind}" folder)
  string(REPLACE declare decl folder "${folder}")
  kramers_overlay(KokkosCore_Config_${kind}Backend.hpp "#include <[^>]*_OPENMP.hpp>"
    "#include <${folder}/Kokkos_${kind}_SERIAL.hpp>\n#include <${folder}/Kokkos_${kind}_${upper}.hpp>")
endforeach()
kramers_overlay(desul/atomics/Config.hpp "/\\* #undef DESUL_ATOMICS_ENABLE_${upper} \\*/"
                "#define DESUL_ATOMICS_ENABLE_${upper}")

find_program(KRAMERS_CCACHE ccache)
set(compile ${enter} ${KRAMERS_CCACHE} ${KRAMERS_DEVICE_COMPILER} ${flags} -std=c++20)
foreach(folder core core/base core/runtime algorithms/dynamics ml)
  list(APPEND compile -I "${PROJECT_SOURCE_DIR}/${folder}/include")
endforeach()
list(APPEND compile -I "${PROJECT_SOURCE_DIR}/ml/src")
string(REPLACE "${root}/usr" "/usr" headers "${KRAMERS_KOKKOS_HEADERS}")
list(APPEND compile -isystem "${overlay}" -isystem "${headers}")

set(objects "")
set(depfiles "")
foreach(source IN LISTS kernel_sources)
  string(REGEX REPLACE ".*/(potentials|instances/ml)/(.*)\\.cpp$" "\\2" name "${source}")
  string(REPLACE "/" "." name "${name}")
  set(object "${PROJECT_BINARY_DIR}/${name}.o")
  add_custom_command(
    OUTPUT "${object}" COMMAND ${compile} -MMD -MF "${object}.d" -o "${object}" -c "${source}"
    DEPENDS "${source}" DEPFILE "${object}.d" COMMENT "${check} ${name}" VERBATIM)
  list(APPEND objects "${object}")
  list(APPEND depfiles "${object}.d")
  add_test(NAME ${check}.${name} COMMAND "${CMAKE_COMMAND}" "-DOBJECT=${object}" "-DKERNEL=${kernel}" -P
                                         "${CMAKE_CURRENT_LIST_DIR}/device_code.cmake")
endforeach()
add_custom_target(${KRAMERS_DEVICE_CHECK}_check ALL DEPENDS ${objects})
add_test(NAME ${check}.coverage COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DDEPFILES=${depfiles}" -P
                                        "${CMAKE_CURRENT_LIST_DIR}/device_code.cmake")
