# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Compiles everything that the preset cuda or hip would compile (KRAMERS_DEVICE_CHECK), by the compilers that it would
# use, where no Kokkos for that GPU is to be had. The objects cannot be linked, so they are all that is built.
# Kokkos installs the headers of all its backends, but a configuration that names only those it was built with: an overlay
# of edited copies of those few files, searched first, names the GPU. The package that find_package(Kokkos) then finds is
# KokkosConfig.cmake.in, and compile.sh stands where Kokkos has its launcher and nvcc_wrapper.
set(folder "${CMAKE_CURRENT_LIST_DIR}")
set(KRAMERS_DEVICE_FLAGS "")
if(KRAMERS_DEVICE_CHECK STREQUAL "cuda")
  find_program(KRAMERS_DEVICE_COMPILER nvcc PATHS /usr/local/cuda/bin)
  set(names CUDA Cuda)
  set(defined KOKKOS_ENABLE_CUDA KOKKOS_ARCH_HOPPER KOKKOS_ARCH_HOPPER90)
  set(KRAMERS_DEVICE_FLAGS --extended-lambda -arch=sm_90 -O0)  # -O0 is for the host's part
elseif(KRAMERS_DEVICE_CHECK STREQUAL "hip")
  find_program(KRAMERS_DEVICE_COMPILER hipcc PATHS /opt/rocm/bin /hip/usr/bin)
  set(names HIP HIP)
  set(defined KOKKOS_ENABLE_HIP KOKKOS_ARCH_AMD_GFX90A "KOKKOS_ARCH_AMD_GPU \"GFX90A\"")
  # After the -O1 that tests ask for: nothing reads the code, and without optimisation there is half as much to do.
  set(KRAMERS_DEVICE_FLAGS -xhip --offload-arch=gfx90a -O0)
else()
  message(FATAL_ERROR "KRAMERS_DEVICE_CHECK is '${KRAMERS_DEVICE_CHECK}', want cuda or hip")
endif()

# ./dev shows the root with HIP's compiler as /hip; inside it the source and build folders have the same paths as here.
set(root "")
if(KRAMERS_DEVICE_COMPILER MATCHES "^/hip/")
  set(root /hip)
endif()
find_path(KRAMERS_KOKKOS_HEADERS Kokkos_Core.hpp PATHS "${root}/usr/include" PATH_SUFFIXES kokkos)
list(GET names 0 upper)
list(GET names 1 mixed)
if(NOT KRAMERS_DEVICE_COMPILER OR NOT EXISTS "${KRAMERS_KOKKOS_HEADERS}/setup/Kokkos_Setup_${mixed}.hpp")
  set(KRAMERS_DEVICE_CHECK_SKIPPED "skipped: no compiler for ${KRAMERS_DEVICE_CHECK}, or no Kokkos headers for it")
  return()
endif()

# The overlay, with Serial as the host's backend.
set(overlay "${PROJECT_BINARY_DIR}/kokkos/overlay")
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
  string(TOLOWER "${kind}" subfolder)
  string(REPLACE declare decl subfolder "${subfolder}")
  kramers_overlay(KokkosCore_Config_${kind}Backend.hpp "#include <[^>]*_OPENMP.hpp>"
    "#include <${subfolder}/Kokkos_${kind}_SERIAL.hpp>\n#include <${subfolder}/Kokkos_${kind}_${upper}.hpp>")
endforeach()
kramers_overlay(desul/atomics/Config.hpp "/\\* #undef DESUL_ATOMICS_ENABLE_${upper} \\*/"
                "#define DESUL_ATOMICS_ENABLE_${upper}")
string(REPLACE "${root}/usr" "/usr" headers "${KRAMERS_KOKKOS_HEADERS}")
set(KRAMERS_DEVICE_INCLUDES "${overlay}" "${headers}")

# Libraries of the tests and benchmarks, which the root with HIP's compiler does not hold.
if(root)
  foreach(library IN ITEMS gtest gmock benchmark)
    find_path(KRAMERS_${library}_HEADERS ${library}/${library}.h)
    if(KRAMERS_${library}_HEADERS)
      file(COPY "${KRAMERS_${library}_HEADERS}/${library}" DESTINATION "${PROJECT_BINARY_DIR}/kokkos/libraries")
    endif()
  endforeach()
  list(APPEND KRAMERS_DEVICE_INCLUDES "${PROJECT_BINARY_DIR}/kokkos/libraries")
endif()

# What find_package(Kokkos) finds from now on.
file(STRINGS "${KRAMERS_KOKKOS_HEADERS}/KokkosCore_config.h" version REGEX "^#define KOKKOS_VERSION [0-9]+$")
string(REGEX REPLACE "[^0-9]" "" version "${version}")
math(EXPR major "${version} / 10000")
math(EXPR minor "${version} / 100 % 100")
set(package "${PROJECT_BINARY_DIR}/kokkos/package")
set(KRAMERS_DEVICE_LAUNCHER "${folder}/compile.sh ${KRAMERS_DEVICE_COMPILER}")
configure_file("${folder}/KokkosConfig.cmake.in" "${package}/KokkosConfig.cmake" @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file("${package}/KokkosConfigVersion.cmake" VERSION ${major}.${minor} COMPATIBILITY AnyNewerVersion)
set(Kokkos_DIR "${package}" CACHE PATH "" FORCE)

# kramers_targets(result folder): all targets of a source folder and those below.
function(kramers_targets result folder)
  get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
  get_property(subfolders DIRECTORY "${folder}" PROPERTY SUBDIRECTORIES)
  foreach(subfolder IN LISTS subfolders)
    kramers_targets(more "${subfolder}")
    list(APPEND targets ${more})
  endforeach()
  set(${result} ${targets} PARENT_SCOPE)
endfunction()

# kramers_device_check_targets(): build the objects of all targets instead of the targets, and test what they are. Several
# sources of a library with kernels go into one compilation: most of what nvcc takes for each is for Kokkos' headers.
function(kramers_device_check_targets)
  foreach(target IN ITEMS kramers_studies kramers_ml ml_test_networks)
    get_target_property(sources ${target} SOURCES)
    list(FILTER sources EXCLUDE REGEX "/potentials/|/instances/(ml/resident|[^/]*$)")
    set_source_files_properties(${sources} TARGET_DIRECTORY ${target} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
  endforeach()
  kramers_targets(targets "${PROJECT_SOURCE_DIR}")
  set(objects "")
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
    if(type MATCHES "LIBRARY|EXECUTABLE" AND NOT type STREQUAL "INTERFACE_LIBRARY")
      list(APPEND objects $<TARGET_OBJECTS:${target}>)
    endif()
  endforeach()
  add_custom_target(device_check_objects ALL DEPENDS ${objects})

  # Written by hand: enable_testing() would list the tests of all programs, which are not linked.
  find_package(Python3 3.9 COMPONENTS Interpreter REQUIRED)
  set(tests sources)
  if(KRAMERS_DEVICE_CHECK STREQUAL "cuda")
    list(APPEND tests resources limits)
  endif()
  set(text "")
  foreach(test IN LISTS tests)
    string(APPEND text "add_test([[device/${KRAMERS_DEVICE_CHECK}.${test}]] [[${Python3_EXECUTABLE}]] -B "
           "[[${PROJECT_SOURCE_DIR}/tests/device/${test}.py]] [[${PROJECT_BINARY_DIR}]])\n")
  endforeach()
  file(WRITE "${PROJECT_BINARY_DIR}/CTestTestfile.cmake" "${text}")
endfunction()
