# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Builds the fuzz targets of tests/fuzz with clang's libFuzzer, address and undefined-behaviour sanitizers, and runs each
# for a few seconds as a test (KRAMERS_FUZZ, instead of a build). Only the sources a target needs are compiled, with
# the sanitizers' coverage in them. What a run finds new is kept in the build folder and tried first by the next.

set(KRAMERS_FUZZ_SECONDS 5 CACHE STRING "How long the test of each fuzz target runs")
find_program(KRAMERS_FUZZ_COMPILER NAMES clang++ clang++-21 clang++-20 clang++-19)
find_program(KRAMERS_CCACHE ccache)
set(flags -std=c++20 -g1 -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all -Wall -Wextra -Werror)
set(sanitize -fsanitize=fuzzer,address,undefined)
set(probe "${PROJECT_BINARY_DIR}/probe")
enable_testing()

# kramers_fuzz_skip(name reason): a test that says why it does nothing.
function(kramers_fuzz_skip name reason)
  message(STATUS "fuzz.${name} is skipped: ${reason}")
  add_test(NAME fuzz.${name} COMMAND "${CMAKE_COMMAND}" -E echo "skipped: ${reason}")
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz SKIP_REGULAR_EXPRESSION "^skipped:")
endfunction()

# kramers_fuzz_probe(result source options...): can this be compiled and linked?
function(kramers_fuzz_probe result source)
  file(WRITE "${probe}.cpp" "${source}\n#include <cstddef>\n#include <cstdint>\n"
       "extern \"C\" int LLVMFuzzerTestOneInput(std::uint8_t const*, std::size_t) { return 0; }\n")
  execute_process(COMMAND "${KRAMERS_FUZZ_COMPILER}" ${flags} ${sanitize} ${ARGN} "${probe}.cpp" -o "${probe}"
                  RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  set(usable OFF)
  if(status EQUAL 0)
    set(usable ON)
  endif()
  set(${result} ${usable} PARENT_SCOPE)
endfunction()

# kramers_fuzz(name SOURCES ... OPTIONS ... LIBRARIES ...): tests/fuzz/name_fuzz.cpp with these sources. The files in the
# folder SEEDS, else tests/fuzz/corpus/name, are tried first; inputs have at most LENGTH, else 4096, bytes.
function(kramers_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SEEDS;LENGTH" "SOURCES;OPTIONS;LIBRARIES")
  if(NOT arg_SEEDS)
    set(arg_SEEDS tests/fuzz/corpus/${name})
  endif()
  if(NOT arg_LENGTH)
    set(arg_LENGTH 4096)
  endif()
  set(objects "")
  foreach(source IN ITEMS tests/fuzz/${name}_fuzz.cpp LISTS arg_SOURCES)
    string(REPLACE "/" "." object "${source}")
    set(object "${PROJECT_BINARY_DIR}/${name}/${object}.o")
    add_custom_command(
      OUTPUT "${object}"
      COMMAND ${KRAMERS_CCACHE} "${KRAMERS_FUZZ_COMPILER}" ${flags} ${sanitize} ${arg_OPTIONS}
              -I "${PROJECT_SOURCE_DIR}/core/include" -I "${PROJECT_SOURCE_DIR}/core/base/include"
              -I "${PROJECT_SOURCE_DIR}/core/runtime/include" -I "${PROJECT_BINARY_DIR}/include" -MMD -MF "${object}.d" -o
              "${object}" -c "${PROJECT_SOURCE_DIR}/${source}"
      DEPENDS "${PROJECT_SOURCE_DIR}/${source}" DEPFILE "${object}.d" COMMENT "fuzz ${name} ${source}" VERBATIM)
    list(APPEND objects "${object}")
  endforeach()
  set(program "${PROJECT_BINARY_DIR}/${name}/fuzz")
  add_custom_command(OUTPUT "${program}" COMMAND "${KRAMERS_FUZZ_COMPILER}" ${sanitize} ${objects} ${arg_LIBRARIES} -o
                                                 "${program}" DEPENDS ${objects} COMMENT "fuzz ${name}" VERBATIM)
  add_custom_target(fuzz_${name} ALL DEPENDS "${program}")
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/${name}/found")
  # No single allocation may be out of proportion to the input.
  add_test(NAME fuzz.${name}
           COMMAND "${program}" -max_total_time=${KRAMERS_FUZZ_SECONDS} -max_len=${arg_LENGTH} -seed=1 -timeout=10
                   -rss_limit_mb=1024 -malloc_limit_mb=64 -print_final_stats=1 -artifact_prefix=${name}/
                   "${PROJECT_BINARY_DIR}/${name}/found" "${PROJECT_SOURCE_DIR}/${arg_SEEDS}")
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz WORKING_DIRECTORY "${PROJECT_BINARY_DIR}" TIMEOUT 600)
endfunction()

set(usable OFF)
if(KRAMERS_FUZZ_COMPILER)
  kramers_fuzz_probe(usable "")
endif()
if(NOT usable)
  kramers_fuzz_skip(all "no clang++ with libFuzzer was found")
  return()
endif()

configure_file(core/runtime/build_config.hpp.in include/kramers/runtime/build_config.hpp)
file(GLOB base_sources RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS core/base/src/*.cpp)
set(config_sources config.cpp config_json.cpp config_sweep.cpp config_tree.cpp key_names.cpp key_recorder.cpp
                   key_units.cpp recorded_input.cpp sweep.cpp units.cpp unit_product.cpp h5_absent.cpp
                   toml_limits.cpp toml_reader.cpp collective_errors.cpp communicator.cpp)
list(TRANSFORM config_sources PREPEND core/runtime/src/)
kramers_fuzz(config SOURCES ${config_sources} ${base_sources})
kramers_fuzz(table OPTIONS -I "${PROJECT_SOURCE_DIR}/algorithms/dynamics/include"
             SOURCES algorithms/dynamics/src/potentials/table.cpp algorithms/dynamics/src/potentials/spline.cpp
                     algorithms/dynamics/src/potentials/table_text.cpp algorithms/dynamics/src/potentials/xpm.cpp
                     algorithms/dynamics/src/potentials/surface.cpp
                     algorithms/dynamics/src/potentials/bicubic.cpp
                     ${config_sources} ${base_sources})
kramers_fuzz(expression OPTIONS -I "${PROJECT_SOURCE_DIR}/algorithms/dynamics/include"
             SOURCES algorithms/dynamics/src/potentials/expression_compiler.cpp
                     algorithms/dynamics/src/potentials/expression_graph.cpp
                     algorithms/dynamics/src/potentials/expression_parser.cpp ${config_sources} ${base_sources})
kramers_fuzz(matrix_market OPTIONS -I "${PROJECT_SOURCE_DIR}/algorithms/grids/include"
             SOURCES algorithms/grids/src/matrix_market.cpp algorithms/grids/src/csr_matrix.cpp ${base_sources})
set(safetensors_sources ml/src/safetensors.cpp ml/src/safetensors_reader.cpp ${base_sources})
kramers_fuzz(safetensors SOURCES ${safetensors_sources} OPTIONS -I "${PROJECT_SOURCE_DIR}/ml/include")

kramers_fuzz(checkpoint OPTIONS -I "${PROJECT_SOURCE_DIR}/ml/include"
             SOURCES ${safetensors_sources} ml/src/checkpoint.cpp ml/src/checkpoint_reader.cpp ml/src/network.cpp
                     ml/src/training.cpp ml/src/activation.cpp tests/fuzz/version.cpp)
set(samples_sources ml/src/csv_samples.cpp ml/src/npz_samples.cpp ml/src/npy_array.cpp ml/src/zip_archive.cpp
                    ml/src/sample_labels.cpp ml/src/samples.cpp ml/src/safetensors.cpp ${config_sources} ${base_sources})
kramers_fuzz(csv OPTIONS -I "${PROJECT_SOURCE_DIR}/ml/include" SOURCES ${samples_sources})
# With zlib, whose errors are ours to see, where it is found.
find_package(PkgConfig)
if(PkgConfig_FOUND)
  pkg_check_modules(zlib zlib)
endif()
set(with_zlib "")
if(zlib_FOUND)
  set(with_zlib -DKRAMERS_HAVE_ZLIB ${zlib_CFLAGS})
endif()
kramers_fuzz(npz OPTIONS -I "${PROJECT_SOURCE_DIR}/ml/include" -I "${PROJECT_SOURCE_DIR}/ml/src" ${with_zlib}
             SOURCES ${samples_sources} LIBRARIES ${zlib_LINK_LIBRARIES})

# A parallel HDF5 wants the headers and the library of an MPI, of which nothing is called.
find_package(HDF5 COMPONENTS C)
set(hdf5_includes ${HDF5_INCLUDE_DIRS})
set(hdf5_libraries ${HDF5_LIBRARIES})
if(HDF5_IS_PARALLEL)
  find_package(MPI COMPONENTS C)
  list(APPEND hdf5_includes ${MPI_C_INCLUDE_DIRS})
  list(APPEND hdf5_libraries ${MPI_C_LIBRARIES})
endif()
if(HDF5_FOUND AND (MPI_C_FOUND OR NOT HDF5_IS_PARALLEL))
  list(TRANSFORM hdf5_includes PREPEND -isystem)
  set(h5_sources h5_reader.cpp h5_reader_impl.cpp h5_support.cpp h5_writer.cpp h5_writer_impl.cpp checkpoints.cpp
                 communicator.cpp collective_errors.cpp key_names.cpp units.cpp unit_product.cpp signals.cpp)
  list(TRANSFORM h5_sources PREPEND core/runtime/src/)
  kramers_fuzz(langevin_checkpoint
               SOURCES ${h5_sources} ${base_sources}
                       algorithms/dynamics/src/studies/study_checkpoint.cpp
                       algorithms/dynamics/src/studies/study_checkpoint_layout.cpp
                       algorithms/dynamics/src/engine/layout.cpp tests/fuzz/version.cpp
               OPTIONS -DKRAMERS_HAVE_HDF5=1 ${hdf5_includes} -I "${PROJECT_SOURCE_DIR}/algorithms/dynamics/include"
                       -I "${PROJECT_SOURCE_DIR}/algorithms/dynamics/src/studies"
               LIBRARIES ${hdf5_libraries})
else()
  kramers_fuzz_skip(langevin_checkpoint "no HDF5 was found")
endif()

if(EXISTS "${PROJECT_SOURCE_DIR}/tests/fuzz/topology_fuzz.cpp")
  find_package(PkgConfig)
  if(PkgConfig_FOUND)
    pkg_check_modules(hwloc hwloc>=2.5)
  endif()
  if(hwloc_FOUND)
    file(GLOB_RECURSE sources RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS topology/src/*.cpp)
    kramers_fuzz(topology SEEDS tests/topology/models LENGTH 100000 SOURCES ${sources} ${base_sources}
                 OPTIONS ${hwloc_CFLAGS} -I "${PROJECT_SOURCE_DIR}/topology/include" -I "${PROJECT_SOURCE_DIR}/topology/src"
                 LIBRARIES ${hwloc_LINK_LIBRARIES})
  else()
    kramers_fuzz_skip(topology "no hwloc was found")
  endif()
endif()
